import assert from 'node:assert/strict';
import { identityHeaders, tellsIdentity } from '../../../control-plane/aggregation/identity.ts';
import { guardedLookup, refuseSpecial } from '../../../control-plane/nodes/guard.ts';

describe('headers that tell who asks', () => {
  it('hold everything that is known of him', () => {
    const extra = { 'example.com/team': ['a', 'b'], 'ü%': ['x'] };
    assert.deepEqual(identityHeaders({ name: 'ann', uid: '7', groups: ['g', 'h'], extra }), {
      'X-Remote-User': 'ann',
      'X-Remote-Uid': '7',
      'X-Remote-Group': ['g', 'h'],
      'X-Remote-Extra-example.com%2Fteam': ['a', 'b'],
      'X-Remote-Extra-%C3%BC%25': ['x'],
    });
    assert.deepEqual(identityHeaders({ name: 'bob', groups: [] }), { 'X-Remote-User': 'bob' });
  });

  it('are UTF-8, and hold nothing that would end them', () => {
    const { 'X-Remote-User': name } = identityHeaders({ name: 'jürgen', groups: [] });
    assert.equal(Buffer.from(String(name), 'latin1').toString(), 'jürgen');
    for (const bad of ['a\r\nx-remote-group: system:masters', 'a\0', 'a\x7f']) {
      assert.throws(() => identityHeaders({ name: bad, groups: [] }), /can't be sent on in a header/);
      assert.throws(() => identityHeaders({ name: 'a', groups: [bad] }), /can't be sent on in a header/);
    }
  });

  it('are not taken from clients', () => {
    for (const name of ['x-remote-user', 'x-remote-extra-a', 'impersonate-user']) assert.ok(tellsIdentity(name));
    for (const name of ['x-remote', 'x-forwarded-for', 'accept']) assert.ok(!tellsIdentity(name));
  });
});

describe('addresses that users choose', () => {
  it('are not those of this machine or its link, in whatever form', () => {
    for (const bad of [
      '127.0.0.1',
      '127.9.9.9',
      '::1',
      '::ffff:127.0.0.1',
      '169.254.169.254',
      'fe80::1',
      '0.0.0.0',
      '::',
    ]) {
      assert.throws(() => refuseSpecial(bad), /is not dialled/, bad);
    }
    for (const good of ['10.0.0.1', '192.168.1.1', 'fd00::1', '8.8.8.8', 'example.com']) refuseSpecial(good);
  });

  it('are not reached by a name either', async () => {
    for (const all of [true, false]) {
      const error = await new Promise((resolve) => guardedLookup('localhost', { all }, (failed) => resolve(failed)));
      assert.match(String(error), /localhost has no address that may be dialled/);
    }
  });
});
