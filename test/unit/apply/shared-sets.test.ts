import assert from 'node:assert/strict';

import type { FieldSet } from '../../../api/apply/field-set.ts';
import { SharedSets } from '../../../api/apply/shared-sets.ts';

function setOfLabel(name: string): FieldSet {
  return { 'f:metadata': { 'f:labels': { [`f:${name}`]: {} } } };
}

describe('shared field sets', () => {
  it('are one where they are equal, and others where they are not', () => {
    const sets = new SharedSets();
    const first = setOfLabel('a');
    assert.equal(sets.of(first), first);
    assert.equal(sets.of(setOfLabel('a')), first);
    const other = setOfLabel('b');
    assert.equal(sets.of(other), other);
  });

  it('are forgotten when others have come often enough, those that are in use last', () => {
    const sets = new SharedSets();
    const used = sets.of(setOfLabel('used'));
    const unused = sets.of(setOfLabel('unused'));
    for (let number = 0; number < 1000; number += 1) {
      sets.of(setOfLabel(`label-${number}`));
      assert.equal(sets.of(setOfLabel('used')), used);
    }
    assert.notEqual(sets.of(setOfLabel('unused')), unused);
  });
});
