import assert from 'node:assert/strict';
import { scaledValue } from '../../../api/machinery/intstr.ts';
import { copyJson, sameJson } from '../../../api/machinery/json.ts';
import {
  checkDns1035Label,
  checkDnsLabel,
  checkDnsSubdomain,
  checkEnvName,
  checkLabelValue,
  checkPortName,
  checkQualifiedName,
} from '../../../api/machinery/names.ts';
import {
  canonicalMicroTime,
  canonicalTime,
  formatMicroTime,
  formatTime,
  parseTime,
} from '../../../api/machinery/time.ts';

describe('a number or a percentage', () => {
  it('is scaled and rounded as asked', () => {
    assert.equal(scaledValue(3, 10, 'up'), 3);
    assert.equal(scaledValue('25%', 10, 'up'), 3);
    assert.equal(scaledValue('25%', 10, 'down'), 2);
    assert.equal(scaledValue('0%', 10, 'up'), 0);
  });

  it('must be a percentage when it is text', () => {
    assert.throws(() => scaledValue('25', 10, 'up'), /string is not a percentage/);
    assert.throws(() => scaledValue('x%', 10, 'up'), RangeError);
  });
});

describe('names', () => {
  it('are accepted in the forms that Kubernetes accepts', () => {
    assert.deepEqual(checkDnsLabel('my-name'), []);
    assert.deepEqual(checkDnsLabel('0a'), []);
    assert.deepEqual(checkDnsSubdomain('a.b-c.d'), []);
    assert.deepEqual(checkDns1035Label('a0'), []);
    assert.deepEqual(checkLabelValue(''), []);
    assert.deepEqual(checkQualifiedName('example.com/My_name.x'), []);
    assert.deepEqual(checkPortName('http-2'), []);
    assert.deepEqual(checkEnvName('MY.ENV-x'), []);
  });

  it('are refused in the words that users know', () => {
    assert.deepEqual(checkDnsLabel('A'), [
      "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
    ]);
    assert.deepEqual(checkDnsLabel('a.b'), ['must not contain dots']);
    assert.deepEqual(checkDnsSubdomain('a'.repeat(254)), ['must be no more than 253 characters']);
    assert.match(checkDns1035Label('0a')[0] ?? '', /DNS-1035 label/);
    assert.deepEqual(checkQualifiedName('/x'), ['prefix part must be non-empty']);
    assert.equal(checkQualifiedName('x/').length, 2);
    assert.match(checkQualifiedName('a/b/c')[0] ?? '', /^a valid label key must consist/);
    assert.deepEqual(checkEnvName('..'), ["must not be '..'"]);
    assert.equal(checkPortName('-').length, 2);
  });

  it('are judged in time that grows with their length', () => {
    const long = `${'a'.repeat(1_000_000)}!`;
    assert.equal(checkDnsSubdomain(long).length, 2);
    assert.equal(checkLabelValue(long).length, 2);
  });
});

describe('times', () => {
  it('are written in UTC, to the second or the microsecond', () => {
    assert.equal(formatTime(1_700_000_000_999), '2023-11-14T22:13:20Z');
    assert.equal(formatMicroTime(1_700_000_000_123, 45), '2023-11-14T22:13:20.123045Z');
    assert.equal(canonicalTime('2023-11-14T23:13:20.5+01:00'), '2023-11-14T22:13:20Z');
    assert.equal(canonicalMicroTime('2023-11-14T23:13:20.1234567+01:00'), '2023-11-14T22:13:20.123456Z');
    assert.equal(canonicalMicroTime('2023-11-14T23:13:20Z'), '2023-11-14T23:13:20.000000Z');
  });

  it('are read with their fraction', () => {
    assert.equal(parseTime('2023-11-14T22:13:20.25Z'), 1_700_000_000_250);
    assert.equal(parseTime('0001-01-01T00:00:00Z'), -62_135_596_800_000);
  });

  for (const text of [
    '',
    'now',
    '2023-02-30T00:00:00Z',
    '2023-13-01T00:00:00Z',
    '2023-11-14',
    '2023-11-14T24:00:00Z',
    '9999-12-31T23:59:59-23:00',
  ]) {
    it(`are not ${JSON.stringify(text)}`, () => {
      assert.equal(canonicalTime(text), undefined);
      assert.equal(canonicalMicroTime(text), undefined);
    });
  }
});

describe('plain JSON', () => {
  const odd = JSON.parse('{"__proto__":"kept","constructor":{"name":"x"}}') as object;

  it('is copied whole, whatever its keys', () => {
    const copy = copyJson(odd);
    assert.equal(JSON.stringify(copy), JSON.stringify(odd));
    assert.equal(Object.getPrototypeOf(copy), Object.prototype);
  });

  it('is compared by what it holds itself', () => {
    assert.ok(sameJson(odd, copyJson(odd)));
    assert.ok(!sameJson({}, odd));
    assert.ok(!sameJson(odd, {}));
    assert.ok(!sameJson({}, { toString: 'a' }));
    assert.ok(sameJson({ a: undefined }, {}));
  });
});
