import assert from 'node:assert/strict';
import { planAdmission } from '../../../control-plane/storage/admit-member.ts';
import { IdleLearners } from '../../../control-plane/storage/idle-learners.ts';
import { FakeClock } from '../../../lib/clock.ts';
import type { StoreMember } from '../../../control-plane/storage/etcd-cluster.ts';

const first: StoreMember = {
  id: '1',
  name: 'server-1',
  peerUrls: ['https://10.0.0.1:2380'],
  clientUrls: ['https://10.0.0.1:2379'],
  isLearner: false,
};
const second: StoreMember = { ...first, id: '2', name: 'server-2', peerUrls: ['https://10.0.0.2:2380'] };
const candidate = { name: 'server-2', peerUrl: 'https://10.0.0.2:2380' };
const nobodyLives = { isLive: () => false, isGivenUp: () => false };

describe('admission of a member to the store', () => {
  it('adds who is new', () => {
    assert.deepEqual(planAdmission([first], candidate, nobodyLives), { action: 'add' });
  });

  it('goes on with who was added and never started', () => {
    const added = { ...second, name: '', clientUrls: [], isLearner: true };
    assert.deepEqual(planAdmission([first, added], candidate, nobodyLives), { action: 'resume' });
  });

  it('gives the place of one that never came to the next, once it has been waited for long enough', () => {
    const clock = new FakeClock();
    const learners = new IdleLearners({ clock });
    const rules = { isLive: () => false, isGivenUp: (member: StoreMember) => learners.isGivenUp(member) };
    const idle = { ...second, name: '', clientUrls: [], isLearner: true };
    const third = { name: 'server-3', peerUrl: 'https://10.0.0.3:2380' };
    const members = [first, idle];
    learners.look(members);
    assert.deepEqual(planAdmission(members, third, rules), { action: 'add' });
    clock.advance(119_000);
    learners.look(members);
    assert.deepEqual(planAdmission(members, third, rules), { action: 'add' });
    clock.advance(1000);
    assert.deepEqual(planAdmission(members, third, rules), { action: 'replace', id: '2' });
    // It came after all, and went on as a member: it is nobody's place then.
    const started = { ...idle, name: 'server-2' };
    learners.look([first, started]);
    assert.deepEqual(planAdmission([first, started], third, rules), { action: 'add' });
    learners.look(members);
    assert.deepEqual(planAdmission(members, third, rules), { action: 'add' });
  });

  it('puts a server without its data in the place of what it was, also at another address', () => {
    const replaced = { action: 'replace', id: '2' };
    assert.deepEqual(planAdmission([first, second], candidate, nobodyLives), replaced);
    const moved = { ...candidate, peerUrl: 'https://10.0.0.7:2380' };
    assert.deepEqual(planAdmission([first, second], moved, nobodyLives), replaced);
  });

  it('gives nobody the place of a server that lives, whether by its name or by its address', () => {
    const lives = { ...nobodyLives, isLive: (name: string) => name === 'server-2' };
    for (const impostor of [
      { ...candidate, peerUrl: 'https://10.0.0.7:2380' },
      { ...candidate, name: 'other' },
    ]) {
      assert.deepEqual(planAdmission([first, second], impostor, lives), {
        action: 'refuse',
        why: 'server "server-2" is a member already, and it lives',
      });
    }
  });
});
