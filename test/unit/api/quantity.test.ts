import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  addQuantities,
  bytesOf,
  canonicalQuantity,
  compareQuantities,
  formatQuantity,
  milliOf,
  parseQuantity,
  QuantityError,
  subtractQuantities,
  toNumber,
} from '../../../api/machinery/quantity.ts';

describe('quantities', () => {
  const canonical: [string, string][] = [
    ['0', '0'],
    ['0Mi', '0'],
    ['100m', '100m'],
    ['1000m', '1'],
    ['0.1', '100m'],
    ['1.5', '1500m'],
    ['1.5Gi', '1536Mi'],
    ['1024Mi', '1Gi'],
    ['1024', '1024'],
    ['1000', '1k'],
    ['1500', '1500'],
    ['0.5Ki', '512'],
    ['1.1Ki', '1126400m'],
    ['100Ki', '100Ki'],
    ['1e3', '1e3'],
    ['1E3', '1e3'],
    ['12e2', '1200'],
    ['1E', '1E'],
    ['+1', '1'],
    ['-1000m', '-1'],
    ['-2048Ki', '-2Mi'],
    ['.5', '500m'],
    ['1.', '1'],
    ['001', '1'],
    ['1000000k', '1G'],
    ['0.1n', '1n'],
    ['1500M', '1500M'],
    ['9223372036854775807Ki', '9223372036854775807'],
    ['3000000Ki', '3000000Ki'],
  ];
  for (const [text, expected] of canonical) {
    it(`writes ${text} as ${expected}`, () => assert.equal(canonicalQuantity(text), expected));
  }

  for (const text of ['', 'a', '1 Gi', '1Gib', '--1', '1.1.1', 'Mi', '1e', '1e1000000', '1'.repeat(4096)]) {
    it(`refuses ${JSON.stringify(text.slice(0, 20))}`, () => {
      assert.throws(() => parseQuantity(text), QuantityError);
    });
  }

  it('reads numbers in the units that are counted', () => {
    assert.equal(milliOf('250m'), 250);
    assert.equal(milliOf('2'), 2000);
    assert.equal(milliOf('0.0001'), 1);
    assert.equal(bytesOf('1Ki'), 1024);
    assert.equal(bytesOf('1500m'), 2);
    assert.equal(toNumber(parseQuantity('250m')), 0.25);
  });

  it('adds and subtracts exactly, in the form of the first that is not zero', () => {
    const sum = addQuantities(parseQuantity('1Gi'), parseQuantity('512Mi'));
    assert.equal(formatQuantity(sum), '1536Mi');
    assert.equal(formatQuantity(addQuantities(parseQuantity('0'), parseQuantity('1Mi'))), '1Mi');
    assert.equal(formatQuantity(subtractQuantities(parseQuantity('1'), parseQuantity('1m'))), '999m');
  });

  const decimal = fc
    .tuple(
      fc.integer({ min: -1_000_000, max: 1_000_000 }),
      fc.constantFrom('n', 'u', 'm', '', 'k', 'M', 'G', 'Ki', 'Mi', 'Gi', 'e3', 'e-3'),
    )
    .map(([value, suffix]) => `${value}${suffix}`);

  it('keeps its value and its canonical text when written and read again', () => {
    fc.assert(
      fc.property(decimal, (text) => {
        const written = canonicalQuantity(text);
        assert.equal(compareQuantities(parseQuantity(text), parseQuantity(written)), 0);
        assert.equal(canonicalQuantity(written), written);
        assert.equal(formatQuantity(parseQuantity(written)), written);
      }),
    );
  });

  it('throws nothing but a QuantityError', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[-+.0-9eEinumkKMGTP]{0,12}$/)), (text) => {
        try {
          parseQuantity(text);
        } catch (error) {
          assert.ok(error instanceof QuantityError);
        }
      }),
    );
  });
});
