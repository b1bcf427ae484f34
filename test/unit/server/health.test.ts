import assert from 'node:assert/strict';
import { Health, type HealthCheck } from '../../../control-plane/server/health.ts';
import { FakeClock } from '../../../lib/clock.ts';
import { silentLog } from '../../../lib/log.ts';

const NO_QUERY = new URLSearchParams();
const VERBOSE = new URLSearchParams('verbose');

function healthWith(checks: HealthCheck[], clock = new FakeClock()): Health {
  return new Health({ checks, clock, log: silentLog });
}

const failing: HealthCheck = {
  name: 'etcd',
  liveness: false,
  check: () => Promise.reject(new Error('no leader')),
};

describe('health', () => {
  it('is ok', async () => {
    assert.deepEqual(await healthWith([]).answer(['readyz'], NO_QUERY), { code: 200, text: 'ok' });
  });

  it('names the check that fails and keeps the reason', async () => {
    const { code, text } = await healthWith([failing]).answer(['readyz'], NO_QUERY);
    assert.equal(code, 500);
    assert.match(text, /^\[\+\]ping ok\n\[-\]etcd failed: reason withheld\n/);
    assert.doesNotMatch(text, /no leader/);
  });

  it('asks for liveness only what a restart would help', async () => {
    assert.equal((await healthWith([failing]).answer(['livez'], NO_QUERY)).code, 200);
  });

  it('answers for one check, and leaves out what is excluded', async () => {
    const health = healthWith([failing]);
    assert.equal((await health.answer(['readyz', 'etcd'], NO_QUERY)).code, 500);
    assert.equal((await health.answer(['readyz', 'ping'], NO_QUERY)).code, 200);
    assert.equal((await health.answer(['readyz', 'nope'], NO_QUERY)).code, 404);
    assert.equal((await health.answer(['readyz'], new URLSearchParams('exclude=etcd'))).code, 200);
  });

  it('is not ready once it stops', async () => {
    const health = healthWith([]);
    health.stopping();
    assert.match((await health.answer(['readyz'], VERBOSE)).text, /\[-\]shutdown failed/);
    assert.equal((await health.answer(['livez'], VERBOSE)).code, 200);
  });

  it('takes no answer for a failure', async () => {
    const clock = new FakeClock();
    const silent: HealthCheck = { name: 'silent', liveness: true, check: () => new Promise(() => {}) };
    const answer = healthWith([silent], clock).answer(['livez'], NO_QUERY);
    clock.advance(2000);
    assert.equal((await answer).code, 500);
  });
});
