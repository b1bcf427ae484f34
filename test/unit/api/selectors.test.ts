import assert from 'node:assert/strict';
import fc from 'fast-check';
import { StatusError } from '../../../api/errors.ts';
import { compileFieldSelector, parseFieldSelector, requiredValue } from '../../../api/machinery/field-selectors.ts';
import { parseLabelSelector, selectorFromMap, selectorFromObject } from '../../../api/machinery/selectors.ts';

const labels = { app: 'web', tier: 'front', weight: '7' };

describe('label selectors', () => {
  const matching = [
    '',
    'app',
    'app=web',
    'app==web',
    ' app = web , tier = front ',
    'app!=db',
    'none!=x',
    '!none',
    'app in (web,db)',
    'app notin (db)',
    'none notin (db)',
    'weight>6',
    'weight<8',
    'app in (web, )',
  ];
  for (const text of matching) {
    it(`${JSON.stringify(text)} matches`, () => assert.ok(parseLabelSelector(text).matches(labels)));
  }

  for (const text of [
    'none',
    'app=db',
    'app=',
    '!app',
    'app in (db)',
    'app notin (web)',
    'weight>7',
    'app>1',
    'constructor',
    'app in ()',
  ]) {
    it(`${JSON.stringify(text)} does not match`, () => assert.ok(!parseLabelSelector(text).matches(labels)));
  }

  it('matches the absence of labels', () => {
    assert.ok(parseLabelSelector('!app').matches(undefined));
    assert.ok(!parseLabelSelector('app').matches(undefined));
  });

  it('takes keywords as keys and values where no operator can stand', () => {
    assert.ok(parseLabelSelector('in in (notin)').matches({ in: 'notin' }));
  });

  const errors: [string, RegExp][] = [
    ['a b', /^unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt$/],
    ['a=b,', /^found '', expected: identifier after ','$/],
    [',a', /^found ',', expected: !, identifier, or 'end of string'$/],
    ['a in b', /^unable to parse requirement: found 'b' expected: '\('$/],
    ['a in (b', /^unable to parse requirement: found '', expected: ',' or '\)'$/],
    ['a=b c', /^found 'c', expected: ',' or 'end of string'$/],
    ['a=b=c', /^found '=', expected: ',' or 'end of string'$/],
    ['a=!b', /^unable to parse requirement: found '!', expected: identifier$/],
    ['a&b', /^unable to parse requirement: <nil>: Invalid value: "a&b": name part must consist/],
    ['a=b&', /^unable to parse requirement: values\[0\]\[a\]: Invalid value: "b&": a valid label must be/],
    ['a>x', /^unable to parse requirement: values\[0\]: Invalid value: "x": for 'Gt', 'Lt' operators/],
  ];
  for (const [text, message] of errors) {
    it(`${JSON.stringify(text)} is refused`, () => {
      assert.throws(
        () => parseLabelSelector(text),
        (error) => {
          assert.ok(error instanceof StatusError);
          assert.equal(error.code, 400);
          assert.match(error.message, message);
          return true;
        },
      );
    });
  }

  it('in a spec: none selects nothing, an empty one everything', () => {
    assert.ok(!selectorFromObject(undefined).matches(labels));
    assert.ok(selectorFromObject({}).matches(undefined));
    assert.ok(selectorFromObject({}).isEverything);
    assert.ok(selectorFromMap({ app: 'web' }).matches(labels));
  });

  it('in a spec joins labels and expressions', () => {
    const selector = selectorFromObject({
      matchLabels: { app: 'web' },
      matchExpressions: [
        { key: 'tier', operator: 'In', values: ['front', 'back'] },
        { key: 'old', operator: 'DoesNotExist' },
      ],
    });
    assert.ok(selector.matches(labels));
    assert.ok(!selector.matches({ ...labels, old: '' }));
    assert.throws(
      () => selectorFromObject({ matchExpressions: [{ key: 'a', operator: 'Near' }] }),
      /"Near" is not a valid label selector operator/,
    );
    assert.throws(
      () => selectorFromObject({ matchExpressions: [{ key: 'a', operator: 'In' }] }),
      /values set can't be empty/,
    );
  });

  it('throws nothing but StatusErrors', () => {
    const text = fc.oneof(fc.string(), fc.stringMatching(/^[ab=!,<>() in]{0,20}$/));
    fc.assert(
      fc.property(text, (selector) => onlyStatusErrors(() => void parseLabelSelector(selector).matches(labels))),
    );
  });
});

describe('field selectors', () => {
  const pod: Record<string, string> = { 'spec.nodeName': 'a', 'status.phase': 'Running', odd: 'x,y=z\\' };
  const matches = (text: string): boolean =>
    compileFieldSelector<Record<string, string>>(parseFieldSelector(text), (field) =>
      field in pod ? (object) => object[field] ?? '' : undefined,
    )(pod);

  it('compare fields', () => {
    assert.ok(matches(''));
    assert.ok(matches('spec.nodeName=a,status.phase!=Pending'));
    assert.ok(matches('spec.nodeName==a'));
    assert.ok(!matches('spec.nodeName=b'));
    assert.ok(matches('odd=x\\,y\\=z\\\\'));
  });

  it('name the value that a field must have', () => {
    assert.equal(requiredValue(parseFieldSelector('a!=b,spec.nodeName=n'), 'spec.nodeName'), 'n');
    assert.equal(requiredValue(parseFieldSelector('a!=b'), 'a'), undefined);
  });

  it('are refused in Kubernetes words', () => {
    assert.throws(() => matches('a'), /^StatusError: invalid selector: 'a'; can't understand 'a'$/);
    assert.throws(() => matches('odd=a=b'), /unescaped character in value/);
    assert.throws(() => matches('odd=\\x'), /invalid escape sequence: \\x/);
    assert.throws(() => matches('odd=\\'), /invalid escape sequence: \\/);
    assert.throws(() => matches('spec.foo=1'), /field label not supported: spec.foo/);
  });

  it('throw nothing but StatusErrors', () => {
    const text = fc.oneof(fc.string(), fc.stringMatching(/^[ab=!,\\]{0,20}$/));
    fc.assert(fc.property(text, (selector) => onlyStatusErrors(() => void matches(selector))));
  });
});

function onlyStatusErrors(act: () => void): void {
  try {
    act();
  } catch (error) {
    assert.ok(error instanceof StatusError, String(error));
  }
}
