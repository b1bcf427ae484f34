import assert from 'node:assert/strict';
import { withSystemPrograms } from '../../../lib/program-path.ts';

describe('$PATH of the program', () => {
  it('has the directories of system programs, after those that the user chose', () => {
    const path = withSystemPrograms('/opt/bin:/usr/sbin:/usr/bin');
    assert.equal(path, '/opt/bin:/usr/sbin:/usr/bin:/usr/local/sbin:/sbin');
    assert.equal(withSystemPrograms(path), path);
  });

  it('is no more than those when there is none, as an empty entry would be the working directory', () => {
    assert.equal(withSystemPrograms(undefined), '/usr/local/sbin:/usr/sbin:/sbin');
    assert.equal(withSystemPrograms(''), '/usr/local/sbin:/usr/sbin:/sbin');
  });
});
