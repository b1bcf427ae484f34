/** What the real kubectl can't be asked for: bounds, and templates that nobody would write. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { GoTemplate, GoTemplateError } from '../../../cli/print/go-template/template.ts';

function text(template: string, object: unknown = {}, allowMissingKeys = true): string {
  return new GoTemplate(template, { allowMissingKeys, maxSteps: 10_000 }).text(object);
}

describe('Go templates', () => {
  it('end in a GoTemplateError or in text, whatever they are', () => {
    const words = [
      '{{',
      '}}',
      '{{-',
      ' -}}',
      'range',
      'if',
      'else',
      'end',
      'define "a"',
      'template "a" .',
      '.',
      '.items',
    ];
    const more = [
      '$x',
      ':=',
      '=',
      ',',
      '|',
      '(',
      ')',
      'index',
      'printf "%5d"',
      'len',
      '1',
      '"s"',
      '`',
      '/*',
      '*/',
      ' ',
      '{{end}}',
    ];
    const written = fc.array(fc.oneof(fc.constantFrom(...words, ...more), fc.string()), { maxLength: 30 });
    fc.assert(
      fc.property(written, fc.jsonValue(), (parts, object) => {
        try {
          assert.equal(typeof text(parts.join(''), object), 'string');
        } catch (error) {
          assert.ok(error instanceof GoTemplateError, String(error));
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('that call themselves, or go on for long, are ended', () => {
    assert.throws(() => text('{{define "a"}}{{template "a" .}}{{end}}{{template "a" .}}'), /maximum template depth/);
    const loops = '{{range $a := 3000}}{{range $b := 3000}}{{range $c := 3000}}{{$c}}{{end}}{{end}}{{end}}';
    assert.throws(() => text(loops), /takes more than 10000 steps/);
    assert.throws(() => text(`{{${'('.repeat(10_000)}}}`), /nested deeper than 100/);
    assert.throws(() => text('{{if .}}'.repeat(200)), /nested deeper than 100/);
    assert.throws(() => text(`{{/*${'x'.repeat(1 << 20)}`), /longer than 1048576 characters/);
    assert.equal(text('{{printf "%999999999d" 1}}').length, 1000);
  });

  it('see what objects hold, and not what every object inherits', () => {
    assert.equal(text('{{.constructor}} {{.__proto__}} {{index . "toString"}}'), '<no value> <no value> <no value>');
  });

  it('refuse keys that are not there when asked to, and fields of nil always', () => {
    assert.throws(() => text('{{.a.b}}', { a: {} }, false), /at <\.a\.b>: map has no entry for key "b"/);
    assert.throws(() => text('{{.a.b}}', { a: null }), /nil pointer evaluating interface \{\}\.b/);
    assert.equal(text('{{.a.b}}', {}), '<no value>');
  });
});
