import assert from 'node:assert/strict';
import type { Schema } from '../../../api/custom/schema.ts';
import { validateRules } from '../../../api/custom/definition/rules.ts';

function refusals(rule: string, schema: Schema): string[] {
  const root: Schema = { type: 'object', properties: { x: { ...schema, 'x-kubernetes-validations': [{ rule }] } } };
  return validateRules(root, 's', false).map(({ field, message }) => `${field}: ${message}`);
}

describe('the cost of rules', () => {
  it('may be that of one walk over anything a request can hold', () => {
    assert.deepEqual(refusals('self.all(n, n > 5)', { type: 'array', items: { type: 'integer' } }), []);
    assert.deepEqual(refusals("self.startsWith('a')", { type: 'string' }), []);
  });

  it('is too high for walks within walks, unless the schema bounds them', () => {
    const lists: Schema = { type: 'array', items: { type: 'array', items: { type: 'string' } } };
    const rule = "self.all(s, s.all(t, t == 'x'))";
    const [refused] = refusals(rule, lists);
    assert.match(
      refused ?? '',
      /x-kubernetes-validations\[0\]\.rule: Forbidden: estimated rule cost exceeds budget by factor of more than 100x/,
    );
    const bounded: Schema = {
      type: 'array',
      maxItems: 100,
      items: { type: 'array', maxItems: 100, items: { type: 'string', maxLength: 10 } },
    };
    assert.deepEqual(refusals(rule, bounded), []);
  });

  it('counts a rule as often as there can be values it is asked about', () => {
    const rules = [{ rule: "self.matches('a+')" }];
    const items: Schema = { type: 'string', 'x-kubernetes-validations': rules };
    const errors = validateRules({ type: 'object', properties: { l: { type: 'array', items } } }, 's', false);
    assert.ok(errors.some(({ type }) => type === 'FieldValueForbidden'));
  });

  it('refuses what does not compile, and a past where nothing can be recognised', () => {
    assert.match(refusals('self.nothing', { type: 'object', properties: {} })[0] ?? '', /undefined field 'nothing'/);
    assert.match(refusals('self +', { type: 'integer' })[0] ?? '', /Syntax error/);
    assert.match(refusals('self + 1', { type: 'integer' })[0] ?? '', /must evaluate to a bool/);
    const items: Schema = { type: 'integer', 'x-kubernetes-validations': [{ rule: 'self > oldSelf' }] };
    const errors = validateRules(
      { type: 'object', properties: { l: { type: 'array', items, maxItems: 9 } } },
      's',
      false,
    );
    assert.match(errors[0]?.message ?? '', /oldSelf cannot be used on the uncorrelatable portion of the schema/);
  });
});
