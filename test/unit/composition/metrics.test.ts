import assert from 'node:assert/strict';
import { queueMetrics, schedulerMetrics, storeMetrics } from '../../../control-plane/composition/metrics.ts';
import { MeasuredStore } from '../../../control-plane/storage/measured.ts';
import { MemoryStore } from '../../../control-plane/storage/memory.ts';
import { FakeClock } from '../../../lib/clock.ts';
import { Metrics } from '../../../lib/metrics.ts';

describe('metrics of the parts', () => {
  it('tell of controllers, by their names', async () => {
    const metrics = new Metrics();
    const queue = queueMetrics(metrics);
    queue.added('deployment');
    queue.depth('deployment', 3);
    queue.worked('deployment', 'done', 0.02);
    queue.worked('deployment', 'failed', 0.02);
    const text = await metrics.text();
    for (const line of [
      'workqueue_adds_total{name="deployment"} 1',
      'workqueue_depth{name="deployment"} 3',
      'workqueue_retries_total{name="deployment"} 1',
      'workqueue_work_duration_seconds_count{name="deployment"} 2',
      'workqueue_work_duration_seconds_bucket{le="0.1",name="deployment"} 2',
    ])
      assert.ok(text.includes(`${line}\n`), line);
  });

  it('tell of the scheduler, on a server that leads and on one that does not', async () => {
    const metrics = new Metrics();
    const leader: { pending?: { ready: number; waiting: number } } = {};
    const scheduler = schedulerMetrics(metrics, () => leader.pending);
    assert.match(await metrics.text(), /scheduler_pending_pods\{queue="active"\} 0\n/);
    leader.pending = { ready: 2, waiting: 5 };
    scheduler.attempt('scheduled', 'default-scheduler', 0.004);
    const text = await metrics.text();
    assert.match(text, /scheduler_pending_pods\{queue="unschedulable"\} 5\n/);
    assert.match(text, /scheduler_schedule_attempts_total\{result="scheduled",profile="default-scheduler"\} 1\n/);
    assert.match(
      text,
      /scheduler_scheduling_attempt_duration_seconds_sum\{result="scheduled",profile="default-scheduler"\} 0.004\n/,
    );
  });

  it('tell of the store, its failures included', async () => {
    const metrics = new Metrics();
    const clock = new FakeClock();
    const memory = new MemoryStore({ clock });
    const store = new MeasuredStore({ store: memory, metrics: storeMetrics(metrics), clock });
    const created = await store.write({ key: '/a', expected: 0, value: Buffer.from('x') });
    assert.ok(created.ok);
    await store.write({ key: '/a', expected: created.revision, value: null });
    assert.equal(await store.get('/a'), undefined);
    assert.deepEqual((await store.list('/')).entries, []);
    await assert.rejects(store.list('/', { revision: 1_000_000 }));
    const text = await metrics.text();
    for (const line of [
      'etcd_requests_total{operation="create"} 1',
      'etcd_requests_total{operation="delete"} 1',
      'etcd_requests_total{operation="get"} 1',
      'etcd_requests_total{operation="list"} 2',
      'etcd_request_errors_total{operation="list"} 1',
      'etcd_request_duration_seconds_count{operation="list"} 2',
    ])
      assert.ok(text.includes(`${line}\n`), line);
  });
});
