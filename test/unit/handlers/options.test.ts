import assert from 'node:assert/strict';
import fc from 'fast-check';
import { StatusError } from '../../../api/errors.ts';
import { decodeContinue, encodeContinue } from '../../../control-plane/handlers/continue-token.ts';
import { parseListOptions, parseRevision } from '../../../control-plane/handlers/list-options.ts';

function refusal(query: string, watching: boolean): string {
  try {
    parseListOptions(new URLSearchParams(query), watching);
  } catch (error) {
    assert.ok(error instanceof StatusError);
    return `${error.code} ${error.message}`;
  }
  return '';
}

describe('the parameters of list and watch', () => {
  it('are refused in the words of Kubernetes', () => {
    assert.equal(
      refusal('sendInitialEvents=false', true),
      '422 ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan',
    );
    assert.equal(
      refusal('resourceVersionMatch=NotOlderThan', true),
      '422 ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided',
    );
    assert.equal(
      refusal('sendInitialEvents=true&resourceVersionMatch=Exact&continue=x', true),
      '422 ListOptions.meta.k8s.io "" is invalid: [resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan, ' +
        'resourceVersionMatch: Unsupported value: "Exact": supported values: "NotOlderThan", ' +
        'resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden when continue is provided]',
    );
    assert.equal(
      refusal('sendInitialEvents=true', false),
      '422 ListOptions.meta.k8s.io "" is invalid: sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list',
    );
    assert.equal(refusal('sendInitialEvents=true&resourceVersionMatch=NotOlderThan', true), '');
    assert.equal(
      refusal('resourceVersionMatch=Exact', false),
      '422 ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided',
    );
    assert.match(refusal('resourceVersionMatch=Foo&resourceVersion=1', false), /Unsupported value: "Foo"/);
    assert.match(refusal('limit=x', false), /^400 strconv.ParseInt: parsing "x": invalid syntax$/);
  });

  it('are taken as they are otherwise', () => {
    const options = parseListOptions(new URLSearchParams('limit=5&resourceVersion=7&timeoutSeconds=3'), false);
    assert.partialDeepStrictEqual(options, { limit: 5, resourceVersion: '7', timeoutSeconds: 3, continue: '' });
  });

  it('know what is a revision', () => {
    assert.equal(parseRevision(''), undefined);
    assert.equal(parseRevision('0'), undefined);
    assert.equal(parseRevision('12'), 12);
    for (const text of ['-1', '1.5', 'x', '99999999999999999999'])
      assert.throws(() => parseRevision(text), StatusError);
  });
});

describe('continue tokens', () => {
  it('say what they were made of', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1 }),
        fc.stringMatching(/^[a-z0-9-]{1,20}(\/[a-z0-9-]{1,20})?$/),
        (revision, after) => {
          assert.deepEqual(decodeContinue(encodeContinue({ revision, after })), { revision, after });
        },
      ),
    );
  });

  it('are refused when somebody else made them, whatever they hold', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json().map((text) => Buffer.from(text).toString('base64url')),
        ),
        (text) => {
          assert.throws(
            () => decodeContinue(text),
            (error) => error instanceof StatusError && error.code === 400,
          );
        },
      ),
    );
  });
});
