/** Text that makes an expression look again and again: each must be read in a time that grows no faster than the text. */
import assert from 'node:assert/strict';
import { Budget } from '../../../api/cel/budget.ts';
import { environment } from '../../../api/cel/environment.ts';
import { compile } from '../../../api/cel/program.ts';
import { DYN } from '../../../api/cel/types.ts';
import { hasFormat } from '../../../api/custom/formats.ts';
import { parseDuration } from '../../../api/machinery/duration.ts';
import { parseFieldSelector } from '../../../api/machinery/field-selectors.ts';
import { parseTemplate } from '../../../api/machinery/jsonpath-parse.ts';
import { parseQuantity } from '../../../api/machinery/quantity.ts';
import { parseLabelSelector } from '../../../api/machinery/selectors.ts';
import { readCertificateRequest } from '../../../lib/certificate-requests.ts';

/** Squared, more than an hour. */
const LENGTH = 200_000;
const MOST_MILLISECONDS = 2_000;
const FORMATS = [
  'duration',
  'byte',
  'hostname',
  'email',
  'uri',
  'datetime',
  'uuid',
  'mac',
  'cidr',
  'creditcard',
  'isbn',
];
const PIECES = ['1', ' ', '\t', 'a', '.', '1.', '-', '!', '\\', '=', '0', '1m', 'a.', ',', '/'];

function trimmed(text: string): unknown {
  const compiled = compile('self.trim()', environment({ self: DYN }));
  assert.ok(compiled.ok);
  return compiled.program.evaluate({ self: text }, new Budget());
}

const READERS: Readonly<Record<string, (text: string) => unknown>> = {
  quantities: parseQuantity,
  durations: parseDuration,
  'label selectors': parseLabelSelector,
  'field selectors': parseFieldSelector,
  'indexes of JSON paths': (text) => parseTemplate(`{.a[${text}x]}`),
  'filters of JSON paths': (text) => parseTemplate(`{.a[?(@.b${text}x)]}`),
  'certificate requests': (text) => readCertificateRequest(`-----BEGIN CERTIFICATE REQUEST-----\n${text}!`),
  'spaces to trim': (text) => trimmed(`a${text}b`),
  ...Object.fromEntries(FORMATS.map((format) => [`the format ${format}`, (text: string) => hasFormat(text, format)])),
};

describe('hostile text', () => {
  for (const [what, read] of Object.entries(READERS)) {
    it(`is read at once as ${what}`, () => {
      for (const piece of PIECES) {
        const text = `${piece.repeat(LENGTH / piece.length)}\u0001`;
        const begun = performance.now();
        try {
          read(text);
        } catch (error) {
          assert.ok(error instanceof Error);
          assert.ok(!(error instanceof RangeError), `${JSON.stringify(piece)}: ${error.message}`);
        }
        const took = performance.now() - begun;
        assert.ok(took < MOST_MILLISECONDS, `${took.toFixed(0)} ms for many ${JSON.stringify(piece)}`);
      }
    });
  }
});
