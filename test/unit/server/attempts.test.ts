import assert from 'node:assert/strict';
import fc from 'fast-check';
import { FailedAttempts } from '../../../control-plane/server/attempts.ts';
import { FakeClock } from '../../../lib/clock.ts';

describe('failed attempts', () => {
  const clock = new FakeClock();
  const make = (maxAddresses = 10): FailedAttempts =>
    new FailedAttempts({ burst: 3, intervalMilliseconds: 1000, maxAddresses, clock });
  const fail = (attempts: FailedAttempts, address: string, times: number): void => {
    for (let time = 0; time < times; time += 1) attempts.failed(address);
  };
  const refused = { code: 429, details: { retryAfterSeconds: 1 } };

  it('may be a few, then one a second', () => {
    const attempts = make();
    fail(attempts, '10.0.0.1', 2);
    attempts.check('10.0.0.1');
    fail(attempts, '10.0.0.1', 1);
    assert.throws(() => attempts.check('10.0.0.1'), refused);
    clock.advance(1000);
    attempts.check('10.0.0.1');
    fail(attempts, '10.0.0.1', 1);
    assert.throws(() => attempts.check('10.0.0.1'), refused);
  });

  it('of one address are not held against another', () => {
    const attempts = make();
    fail(attempts, '10.0.0.1', 3);
    attempts.check('10.0.0.2');
  });

  it('count for the whole network of an address of IPv6', () => {
    const attempts = make();
    for (const address of ['2001:db8::1', '2001:db8:0:0:1::', '2001:db8:0:0:ffff:0:0:1']) attempts.failed(address);
    assert.throws(() => attempts.check('2001:db8::9'), refused);
    attempts.check('2001:db8:0:1::9');
  });

  it('take no more memory, however many addresses they come from', () => {
    const attempts = make(2);
    for (const address of ['10.0.0.1', '10.0.0.2', '10.0.0.3']) fail(attempts, address, 3);
    attempts.check('10.0.0.1');
    assert.throws(() => attempts.check('10.0.0.2'), refused);
    assert.throws(() => attempts.check('10.0.0.3'), refused);
  });

  it('never get more chances than burst and time allow', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(3000), { maxLength: 60 }), (pauses) => {
        const attempts = make();
        const begun = clock.now();
        let admitted = 0;
        for (const pause of pauses) {
          clock.advance(pause);
          try {
            attempts.check('10.0.0.1');
          } catch {
            // Held back: exactly what is counted here.
            continue;
          }
          attempts.failed('10.0.0.1');
          admitted += 1;
        }
        assert.ok(admitted <= 3 + (clock.now() - begun) / 1000);
      }),
    );
  });
});
