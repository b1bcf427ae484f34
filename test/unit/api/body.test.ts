import assert from 'node:assert/strict';
import fc from 'fast-check';
import { StatusError } from '../../../api/errors.ts';
import { parseJson } from '../../../api/machinery/body.ts';
import { parseYaml } from '../../../api/machinery/yaml.ts';

const json = (text: string): { value: unknown; duplicates: readonly string[] } => parseJson(Buffer.from(text));
const yaml = (text: string): { value: unknown; duplicates: readonly string[] } => parseYaml(Buffer.from(text));

describe('JSON bodies', () => {
  it('tell which keys stand twice', () => {
    const text = '{"a":{"b":1,"c":[{"d":1},{"d":2,"d":3}],"b":2},"x:{\\"":1,"x\\u003a{\\"":2}';
    assert.deepEqual(json(text).duplicates, ['a.c[1].d', 'a.b', 'x:{"']);
    assert.deepEqual(json('{"a":{"b":1},"c":{"b":1}}').duplicates, []);
  });

  it('are refused when they are not JSON, not UTF-8 or too deep', () => {
    assert.throws(() => json('{'), /^StatusError: couldn't get version\/kind; json parse error: /);
    assert.throws(() => json(''), StatusError);
    assert.throws(() => parseJson(Buffer.from([0x22, 0xff, 0x22])), /not valid UTF-8/);
    assert.throws(() => json('['.repeat(100_000) + ']'.repeat(100_000)), /exceeded max depth/);
  });

  it('have no duplicates when they were written from a value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value);
        const body = json(text);
        assert.deepEqual(body.duplicates, []);
        assert.equal(JSON.stringify(body.value), JSON.stringify(JSON.parse(text)));
      }),
    );
  });

  it('of any bytes throw nothing but StatusErrors', () => {
    const nearly = fc.stringMatching(/^[{}[\],:"\\a1 ]{0,30}$/).map((text) => Buffer.from(text));
    fc.assert(fc.property(fc.oneof(fc.uint8Array(), nearly), (bytes) => onlyStatusErrors(() => parseJson(bytes))));
  });
});

describe('YAML bodies', () => {
  it('are read as Kubernetes reads them', () => {
    assert.deepEqual(yaml('a: yes\nb: off\nc: 2026-01-02\nd: 1:30\ne: 0x10\nf: 010\n1: "x"\ng: ~\n').value, {
      a: true,
      b: false,
      c: '2026-01-02',
      d: '1:30',
      e: 16,
      f: 8,
      1: 'x',
      g: null,
    });
  });

  it('tell which keys stand twice', () => {
    assert.deepEqual(yaml('a:\n  b: 1\n  b: 2\nc:\n- d: 1\n  d: 2\n').duplicates, ['a.b', 'c[0].d']);
  });

  it('may use aliases, but not to grow beyond measure', () => {
    assert.deepEqual(yaml('a: &x {b: 1}\nc: *x\n').value, { a: { b: 1 }, c: { b: 1 } });
    const bomb = ['a: &a [x,x,x,x,x,x,x,x,x]'];
    for (let level = 1; level < 12; level += 1) {
      const [previous, name] = ['abcdefghijklm'[level - 1], 'abcdefghijklm'[level]];
      bomb.push(`${name}: &${name} [${Array.from({ length: 9 }, () => `*${previous}`).join(',')}]`);
    }
    assert.throws(() => yaml(bomb.join('\n')), StatusError);
    const wide = `a: &a "${'x'.repeat(200_000)}"\nb: [${Array.from({ length: 90 }, () => '*a').join(',')}]`;
    assert.throws(() => yaml(wide), /too large once its aliases are written out/);
    assert.throws(() => yaml('a: &a [*a]'), StatusError);
  });

  for (const text of [
    'a: [',
    'a: b: c',
    '--- 1\n--- 2',
    '\t',
    'a: *b',
    'a: .nan',
    '['.repeat(20_000),
    '%YAML 9\n---\n!!binary x',
  ]) {
    it(`${JSON.stringify(text.slice(0, 20))} ends in a StatusError or a value`, () =>
      onlyStatusErrors(() => yaml(text)));
  }

  it('of any text throw nothing but StatusErrors', () => {
    const text = fc.oneof(fc.string(), fc.stringMatching(/^[-a:&*!{}[\] \n?|>'"#%]{0,24}$/));
    fc.assert(fc.property(text, (body) => onlyStatusErrors(() => yaml(body))));
  });
});

function onlyStatusErrors(act: () => unknown): void {
  try {
    act();
  } catch (error) {
    assert.ok(error instanceof StatusError, String(error));
  }
}
