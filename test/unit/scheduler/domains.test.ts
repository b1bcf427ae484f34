import assert from 'node:assert/strict';
import fc from 'fast-check';
import { DomainCounts } from '../../../control-plane/scheduler/domains.ts';

const ROWS = 6;

function naive(domainOf: readonly (string | undefined)[], perRow: readonly number[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const [row, domain] of domainOf.entries()) {
    if (domain !== undefined) counts.set(domain, (counts.get(domain) ?? 0) + (perRow[row] ?? 0));
  }
  return counts;
}

describe('domains of a topology', () => {
  it('hold the counts, the least and the most as counting everything anew would', () => {
    const domain = fc.option(fc.constantFrom('a', 'b', 'c'), { nil: undefined });
    const rows = fc.array(domain, { minLength: ROWS, maxLength: ROWS });
    const start = fc.array(fc.nat(3), { minLength: ROWS, maxLength: ROWS });
    const steps = fc.array(fc.tuple(fc.nat(ROWS - 1), fc.constantFrom<1 | -1>(1, -1)), { maxLength: 60 });
    fc.assert(
      fc.property(rows, start, steps, (domainOf, perRow, changes) => {
        const domains = new DomainCounts(0, domainOf, perRow);
        for (const [row, step] of changes) {
          if ((perRow[row] ?? 0) + step < 0) continue;
          perRow[row] = (perRow[row] ?? 0) + step;
          domains.add(row, step);
          const counts = naive(domainOf, perRow);
          for (const [name, count] of counts) assert.equal(domains.of(name), count);
          assert.equal(domains.size, counts.size);
          const occupied = [...domainOf.keys()].filter((each) => (counts.get(domainOf[each] ?? '') ?? 0) > 0);
          assert.deepEqual(new Set(domains.occupiedRows()), new Set(occupied));
          if (counts.size > 0) assert.equal(domains.least, Math.min(...counts.values()));
          assert.equal(domains.most, Math.max(0, ...counts.values()));
        }
      }),
    );
  });
});
