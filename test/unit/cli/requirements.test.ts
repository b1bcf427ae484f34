import assert from 'node:assert/strict';
import { LocalError } from '../../../cli/local/errors.ts';
import { checkMachine } from '../../../cli/local/requirements.ts';

const whole = { path: '/usr/bin:/usr/sbin', uid: 0, isExecutable: (file: string) => file.startsWith('/usr/sbin/') };

describe('a machine for local clusters', () => {
  it('has all programs somewhere on the path', () => {
    checkMachine(whole);
  });

  it('is told by the packages that are missing', () => {
    const isExecutable = (file: string): boolean => !/(nft|docker-registry)$/.test(file);
    assert.throws(
      () => checkMachine({ ...whole, isExecutable }),
      new LocalError('a local cluster needs programs that are not here: apt-get install docker-registry nftables'),
    );
  });

  it('is worked on by root', () => {
    assert.throws(() => checkMachine({ ...whole, uid: 1000 }), /run this as root$/);
  });
});
