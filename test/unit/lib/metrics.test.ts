import assert from 'node:assert/strict';
import { Metrics } from '../../../lib/metrics.ts';

function valueOf(text: string, name: string): number {
  return Number(new RegExp(`^${name} (.+)$`, 'm').exec(text)?.[1]);
}

describe('metrics', () => {
  it('tell of the process, each time anew', async () => {
    const metrics = new Metrics();
    metrics.includeProcess();
    const before = await metrics.text();
    assert.ok(Math.abs(valueOf(before, 'process_start_time_seconds') - (Date.now() / 1000 - process.uptime())) < 1);
    assert.ok(valueOf(before, 'process_resident_memory_bytes') > 10e6);
    assert.ok(valueOf(before, 'process_open_fds') > 2);
    const cpu = valueOf(before, 'process_cpu_seconds_total');
    assert.ok(cpu > 0);
    while (process.cpuUsage().user / 1e6 < cpu + 0.02) before.split('').toReversed();
    const after = valueOf(await metrics.text(), 'process_cpu_seconds_total');
    assert.ok(after > cpu && after < cpu + 10, `${cpu} and then ${after}`);
  });

  it('count and keep labels apart', async () => {
    const metrics = new Metrics();
    const requests = metrics.counter('requests_total', 'Requests.', ['code']);
    requests.add({ code: 200 });
    requests.add({ code: 200 }, 2);
    requests.add({ code: 404 });
    let open = 3;
    metrics.observed('open', 'Those that are open.', () => open);
    assert.equal(valueOf(await metrics.text(), 'open'), 3);
    open = 4;
    const text = await metrics.text();
    assert.equal(valueOf(text, 'open'), 4);
    assert.match(text, /^requests_total{code="200"} 3$/m);
    assert.match(text, /^requests_total{code="404"} 1$/m);
  });
});
