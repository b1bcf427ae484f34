import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import type { TableRow } from '../../../api/printing/table.ts';
import { LiveTable } from '../../../cli/get/watched-table.ts';

describe('a table on a terminal', () => {
  const columns = [{ name: 'Name', type: 'string', format: 'name', description: '', priority: 0 }];
  const options = { wide: false, withNamespace: false, showLabels: false, labelColumns: [], namePrefix: '' };
  const row = (name: string): TableRow => ({ cells: [name], object: { metadata: { name } } });

  const drawn = (rows: number, act: (table: LiveTable) => void): string => {
    const output = Object.assign(new PassThrough(), { rows, columns: 20 });
    act(new LiveTable({ columns, options, noHeaders: false, output }));
    return (output.read() as Buffer).toString();
  };

  it('goes back up and draws the rows again', () => {
    const text = drawn(24, (table) => {
      table.begin([row('a'), row('b')]);
      table.change('DELETED', row('a'));
    });
    assert.equal(text, 'NAME\u001B[K\na\u001B[K\nb\u001B[K\n\u001B[J\u001B[3A\rNAME\u001B[K\nb\u001B[K\n\u001B[J');
  });

  it('counts the rows that there is no room for', () => {
    const text = drawn(4, (table) => table.begin(['a', 'b', 'c', 'd'].map(row)));
    assert.equal(text, 'NAME\u001B[K\na\u001B[K\n… and 3 more\u001B[K\n\u001B[J');
  });
});
