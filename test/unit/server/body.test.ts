import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import type { Exchange } from '../../../control-plane/http/exchange.ts';
import { BODY_DEADLINE_MILLISECONDS, BODY_LIMIT_BYTES, readBody } from '../../../control-plane/http/body.ts';
import { FakeClock } from '../../../lib/clock.ts';

describe('the body of a request', () => {
  const request = (headers: Record<string, string> = {}): PassThrough =>
    Object.assign(new PassThrough({ highWaterMark: 2 * BODY_LIMIT_BYTES }), { headers });
  const read = (stream: PassThrough, clock = new FakeClock()): Promise<Buffer> =>
    readBody({ request: stream, upgrade: undefined } as unknown as Exchange, clock);

  it('is put together from its parts', async () => {
    const stream = request();
    const body = read(stream);
    stream.write('ab');
    stream.end('c');
    assert.equal((await body).toString(), 'abc');
  });

  it('is given up when it comes too slowly, though it never stops coming', async () => {
    const clock = new FakeClock();
    const stream = request();
    const body = assert.rejects(read(stream, clock), { code: 408, reason: 'Timeout', message: /within 30 s/ });
    for (let second = 0; second * 1000 < BODY_DEADLINE_MILLISECONDS; second += 1) {
      stream.write('x');
      clock.advance(1000);
    }
    await body;
  });

  it('is refused for the size that is announced before any of it is read', async () => {
    const stream = request({ 'content-length': String(BODY_LIMIT_BYTES + 1) });
    await assert.rejects(read(stream), { code: 413 });
    assert.equal(stream.readableFlowing, null);
  });

  it('may be as large as the limit, and not larger', async () => {
    const whole = request();
    whole.end(Buffer.alloc(BODY_LIMIT_BYTES));
    assert.equal((await read(whole)).length, BODY_LIMIT_BYTES);
    const larger = request();
    larger.end(Buffer.alloc(BODY_LIMIT_BYTES + 1));
    await assert.rejects(read(larger), { code: 413 });
  });

  it('is no body when it is broken off', async () => {
    const stream = request();
    const body = assert.rejects(read(stream), { code: 400, message: /ended too early/ });
    stream.write('{');
    stream.destroy();
    await body;
  });
});
