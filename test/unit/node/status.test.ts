import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import type { NodeStatus } from '../../../api/types/core.v1.ts';
import { FakeClock } from '../../../lib/clock.ts';
import { machineFacts } from '../../../node-agent/node/describe.ts';
import { NodeStatusKeeper } from '../../../node-agent/node/status.ts';

describe('the status of a node', () => {
  it('is that of its start, though an earlier look is still under way then', async () => {
    const dataDirectory = tmpdir();
    const looks: PromiseWithResolvers<string[]>[] = [];
    const reported: NodeStatus[] = [];
    const keeper = new NodeStatusKeeper({
      facts: {
        name: 'n1',
        address: '10.0.0.1',
        labels: {},
        version: 'v1',
        runtimeVersion: 'containerd://1',
        maxPods: 110,
        machine: await machineFacts(dataDirectory),
      },
      dataDirectory,
      problems: () => {
        const look = Promise.withResolvers<string[]>();
        looks.push(look);
        return look.promise;
      },
      report: (status) => reported.push(status),
      clock: new FakeClock(),
    });
    // Something has happened before all is there.
    keeper.check();
    const started = keeper.start().then(() => readyOf(keeper.describe().status));
    looks[0]?.resolve(['the network is not there yet']);
    await until(() => looks.length === 2);
    looks[1]?.resolve([]);
    assert.deepEqual(await started, ['True', 'the agent runs pods']);
    assert.deepEqual(
      reported.map((status) => readyOf(status)[0]),
      ['False', 'True'],
    );
    await keeper.stop();
  });
});

function readyOf(status: NodeStatus | undefined): (string | undefined)[] {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  return [ready?.status, ready?.message];
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
}
