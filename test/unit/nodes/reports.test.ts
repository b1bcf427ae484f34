import assert from 'node:assert/strict';
import { kinds } from '../../../api/kinds.ts';
import type { KubeObject } from '../../../api/object.ts';
import type { Pod } from '../../../api/types/core.v1.ts';
import { ReportWriter } from '../../../control-plane/nodes/reports.ts';
import type { Registry } from '../../../control-plane/registry/port.ts';
import type { Report } from '../../../lib/link/proto.ts';
import { silentLog } from '../../../lib/log.ts';

/** Objects of one name, changed as a registry does it: read, asked for the change, written if nobody wrote meanwhile. */
class Contested {
  readonly objects: Record<string, KubeObject>;
  deleted = 0;
  /** Called between reading and writing; what it writes makes the first try lose. */
  meanwhile: (() => void) | undefined;

  constructor(objects: Record<string, KubeObject>) {
    this.objects = objects;
  }

  get registry(): Registry {
    const resource = (kind: { plural: string }): object => ({
      mutate: (_namespace: string, _name: string, change: (current: KubeObject) => KubeObject | undefined) => {
        for (;;) {
          const before = this.objects[kind.plural];
          assert.ok(before);
          const wanted = change(before);
          const { meanwhile } = this;
          this.meanwhile = undefined;
          meanwhile?.();
          if (this.objects[kind.plural] !== before) continue;
          if (wanted) this.objects[kind.plural] = wanted;
          return Promise.resolve(this.objects[kind.plural]);
        }
      },
      delete: () => Promise.resolve((this.deleted += 1)),
    });
    return { resource } as unknown as Registry;
  }
}

const pod = (phase: string, extra: object = {}): Pod =>
  ({
    metadata: { namespace: 'default', name: 'p', uid: 'u', ...extra },
    spec: { nodeName: 'n1' },
    status: { phase },
  }) as unknown as Pod;

const report = (phase: string, gone = false): Report => ({
  sequence: 1,
  pods: [{ namespace: 'default', name: 'p', uid: 'u', status: Buffer.from(JSON.stringify({ phase })), gone }],
  nodeStatus: Buffer.from(JSON.stringify({ nodeInfo: { kubeletVersion: phase } })),
  events: [],
  volumes: [],
});

describe('what a session has still to store when it ends', () => {
  const node = (version: string): KubeObject =>
    ({ metadata: { name: 'n1' }, status: { nodeInfo: { kubeletVersion: version } } }) as unknown as KubeObject;

  it('does not overwrite what a later session has said', async () => {
    const contested = new Contested({ [kinds.pods.plural]: pod('Pending'), [kinds.nodes.plural]: node('none') });
    const writer = new ReportWriter({ registry: contested.registry, node: 'n1', log: silentLog });
    const ended = new AbortController();
    contested.meanwhile = () => {
      ended.abort();
      contested.objects[kinds.pods.plural] = pod('Failed');
      contested.objects[kinds.nodes.plural] = node('Failed');
    };
    await writer.write(report('Running'), ended.signal);
    assert.equal((contested.objects[kinds.pods.plural] as Pod).status.phase, 'Failed');
    assert.deepEqual(contested.objects[kinds.nodes.plural], node('Failed'));
  });

  it('is stored while the session lasts, also after a lost race', async () => {
    const contested = new Contested({ [kinds.pods.plural]: pod('Pending'), [kinds.nodes.plural]: node('none') });
    const writer = new ReportWriter({ registry: contested.registry, node: 'n1', log: silentLog });
    contested.meanwhile = () => (contested.objects[kinds.pods.plural] = pod('Unknown'));
    await writer.write(report('Running'), new AbortController().signal);
    assert.equal((contested.objects[kinds.pods.plural] as Pod).status.phase, 'Running');
  });

  it('deletes no pod that a later session may speak of', async () => {
    const going = pod('Running', { deletionTimestamp: '2026-01-01T00:00:00Z' });
    const contested = new Contested({ [kinds.pods.plural]: going, [kinds.nodes.plural]: node('none') });
    const writer = new ReportWriter({ registry: contested.registry, node: 'n1', log: silentLog });
    await writer.write(report('Succeeded', true), AbortSignal.abort());
    assert.equal(contested.deleted, 0);
    await writer.write(report('Succeeded', true), new AbortController().signal);
    assert.equal(contested.deleted, 1);
  });
});
