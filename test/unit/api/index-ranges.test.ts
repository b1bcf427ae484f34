import assert from 'node:assert/strict';

import fc from 'fast-check';

import {
  countIndexes,
  countShared,
  formatIndexRanges,
  hasIndex,
  indexRangesOf,
  missingIndexes,
  parseIndexRanges,
  readIndexRanges,
  uniteIndexes,
} from '../../../api/machinery/index-ranges.ts';

const indexes = fc.uniqueArray(fc.nat(30), { maxLength: 25 });

describe('sets of indexes as ranges', () => {
  it('are written with as few ranges as possible, two in a row apart', () => {
    assert.equal(formatIndexRanges(indexRangesOf([7, 3, 1, 4, 5, 8])), '1,3-5,7,8');
    assert.equal(formatIndexRanges([]), '');
  });

  it('are read from what is damaged as far as that goes, below a limit', () => {
    assert.deepEqual(readIndexRanges('1,x,3-5,,7-6,9-', 5), [
      { first: 1, last: 1 },
      { first: 3, last: 4 },
    ]);
    assert.deepEqual(readIndexRanges('4,5,2-3', 10), [{ first: 2, last: 5 }]);
  });

  it('behave as sets', () => {
    const law = fc.property(indexes, indexes, fc.nat(20), (a, b, count) => {
      const [left, right] = [new Set(a), new Set(b)];
      const [ranges, others] = [indexRangesOf(a), indexRangesOf(b)];
      const both = new Set([...a, ...b]);
      const united = uniteIndexes(ranges, others);
      assert.deepEqual(united, indexRangesOf(both));
      assert.equal(countIndexes(united), both.size);
      assert.equal(countShared(ranges, others), a.filter((index) => right.has(index)).length);
      for (let index = 0; index <= 31; index += 1) assert.equal(hasIndex(ranges, index), left.has(index));
      const free = Array.from({ length: 25 }, (_, index) => index).filter((index) => !left.has(index));
      assert.deepEqual(missingIndexes(ranges, count, 25), free.slice(0, count));
      const text = formatIndexRanges(ranges);
      assert.deepEqual(uniteIndexes(parseIndexRanges(text, 31)), ranges, 'as validation reads it');
      assert.deepEqual(readIndexRanges(text, 31), ranges);
    });
    fc.assert(law);
  });
});
