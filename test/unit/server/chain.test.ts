import assert from 'node:assert/strict';
import { setImmediate as allWaiting } from 'node:timers/promises';
import { badRequest } from '../../../api/errors.ts';
import { type Authorizer, masters } from '../../../control-plane/auth/authorizer.ts';
import { FlowControl } from '../../../control-plane/flowcontrol/flow-control.ts';
import { apiChain, MAX_SEATS, REQUEST_DEADLINE_MILLISECONDS } from '../../../control-plane/server/chain.ts';
import type { Exchange, Handler, HttpRequest, HttpResponse } from '../../../control-plane/http/exchange.ts';
import { parseRequest, type RequestInfo } from '../../../control-plane/http/request-info.ts';
import type { Demanded } from '../../../control-plane/flowcontrol/work.ts';
import type { User } from '../../../control-plane/user.ts';
import { RequestMetrics } from '../../../control-plane/server/request-metrics.ts';
import { FakeClock } from '../../../lib/clock.ts';
import { silentLog } from '../../../lib/log.ts';
import { Metrics } from '../../../lib/metrics.ts';
import { MapView } from '../../../lib/view.ts';

/** Keeps what is written. */
class Answer {
  statusCode = 0;
  headersSent = false;
  destroyed = false;
  body = '';
  readonly headers = new Map<string, unknown>();

  setHeader(name: string, value: unknown): void {
    this.headers.set(name, value);
  }

  end(body?: Buffer): void {
    this.headersSent = true;
    this.body = body?.toString() ?? '';
  }

  destroy(): void {
    this.destroyed = true;
  }
}

function exchangeOf(method: string, url: string): Exchange & { answer: Answer } {
  const ended = new AbortController();
  const answer = new Answer();
  return {
    id: 'id',
    request: { headers: {}, complete: true, httpVersionMajor: 2 } as unknown as HttpRequest,
    response: answer as unknown as HttpResponse,
    info: parseRequest(method, url),
    user: undefined,
    signal: ended.signal,
    abort: (reason) => ended.abort(reason),
    stopping: new AbortController().signal,
    upgrade: undefined,
    answer,
  };
}

describe('the chain', () => {
  const clock = new FakeClock();
  const groups = ['system:masters'];
  const metrics = new Metrics();
  const requestMetrics = new RequestMetrics({ metrics, isServed: ({ resource }) => resource === 'pods' });

  const sources = { of: () => ({ view: new MapView<never>() }) };
  const flowControl = new FlowControl({ sources, seats: MAX_SEATS, waitMilliseconds: 15_000, metrics, clock });
  const demandOf = ({ verb }: RequestInfo): Demanded => ({ verb, objects: 1, watchers: 0 });

  before(() => flowControl.start());
  after(() => flowControl.stop());

  function chain(handler: Handler, user: User = { name: 'admin', groups }): Handler {
    const authenticators = [{ authenticate: () => user }];
    const allowed: Authorizer = { ...masters, authorize: () => ({ verdict: 'allow', reason: '' }) };
    return apiChain(
      {
        authenticators,
        authorizers: [allowed],
        metrics: requestMetrics,
        flowControl,
        demandOf,
        clock,
        log: silentLog,
      },
      handler,
    );
  }

  it('gives each request its id, and the handler its user', async () => {
    const exchange = exchangeOf('GET', '/api/v1/pods');
    let user = '';
    await chain((given) => Promise.resolve(void (user = given.user?.name ?? '')))(exchange);
    assert.equal(user, 'admin');
    assert.equal(exchange.answer.headers.get('audit-id'), 'id');
  });

  it('answers with the Status that is thrown, and with 500 for whatever else is', async () => {
    const wrong = exchangeOf('GET', '/api/v1/pods');
    await chain(() => Promise.reject(badRequest('no')))(wrong);
    assert.deepEqual([wrong.answer.statusCode, JSON.parse(wrong.answer.body).message], [400, 'no']);
    const broken = exchangeOf('GET', '/api/v1/pods');
    await chain(() => Promise.reject(new Error('oops')))(broken);
    assert.equal(JSON.parse(broken.answer.body).message, 'Internal error occurred: oops');
    assert.equal(broken.answer.statusCode, 500);
  });

  it('breaks off an answer that has begun when its handler fails', async () => {
    const exchange = exchangeOf('GET', '/api/v1/pods');
    await chain(({ response }) => {
      response.end();
      return Promise.reject(new Error('oops'));
    })(exchange);
    assert.ok(exchange.answer.destroyed);
  });

  it('refuses what is too much at once, and lets streams, watches that have begun and health through', async () => {
    const bob = { name: 'bob', groups: ['system:authenticated'] };
    const done = Promise.withResolvers<void>();
    const run = chain((exchange) => {
      exchange.begun?.();
      return done.promise;
    }, bob);
    const running = Array.from({ length: MAX_SEATS + 1 }, () => run(exchangeOf('GET', '/api/v1/pods?watch=1')));
    await allWaiting();
    for (let i = 0; i < MAX_SEATS; i++) running.push(run(exchangeOf('POST', '/api/v1/pods')));
    await allWaiting();
    const refused = exchangeOf('POST', '/api/v1/pods');
    await run(refused);
    assert.equal(refused.answer.statusCode, 429);
    assert.equal(refused.answer.headers.get('retry-after'), 1);
    assert.equal(refused.answer.headers.get('x-kubernetes-pf-flowschema-uid'), '');
    const others = ['/api/v1/namespaces/a/pods/a/log', '/livez'].map((url) => exchangeOf('GET', url));
    const exempt = exchangeOf('GET', '/api/v1/pods');
    running.push(...others.map((exchange) => run(exchange)), chain(() => done.promise)(exempt));
    done.resolve();
    await Promise.all(running);
    assert.ok([...others, exempt].every(({ answer }) => answer.statusCode !== 429));
    const later = exchangeOf('POST', '/api/v1/pods');
    await run(later);
    assert.notEqual(later.answer.statusCode, 429);
  });

  it('gives up on a request that takes too long, and tells its handler', async () => {
    const exchange = exchangeOf('GET', '/api/v1/pods');
    const handled = Promise.withResolvers<void>();
    const run = chain(() => handled.promise)(exchange);
    await Promise.resolve();
    clock.advance(REQUEST_DEADLINE_MILLISECONDS);
    await run;
    assert.equal(exchange.answer.statusCode, 504);
    assert.ok(exchange.signal.aborted);
    handled.reject(new Error('too late to matter'));
  });

  it('counts by what is served, never by what a client made up', async () => {
    await chain(() => Promise.resolve())(exchangeOf('GET', '/api/v1/made-up'));
    const text = await metrics.text();
    assert.match(text, /apiserver_request_total\{verb="LIST",group="",version="v1",resource="pods"/);
    assert.doesNotMatch(text, /made-up/);
  });
});
