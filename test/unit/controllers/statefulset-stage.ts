/** A stateful set in a world of its own, and nodes that run its pods. */
import assert from 'node:assert/strict';

import { kinds } from '../../../api/kinds.ts';
import type { StatefulSet } from '../../../api/types/apps.v1.ts';
import type { PersistentVolumeClaim, Pod } from '../../../api/types/core.v1.ts';
import { isReady, isTerminal } from '../../../control-plane/controllers/conditions.ts';
import { StatefulSetController } from '../../../control-plane/controllers/statefulset/statefulset.ts';
import { World, settle } from './world.ts';

/** With a container that says which image it is of. */
export function aSet(fields: Partial<StatefulSet['spec']> = {}): StatefulSet {
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 'db', namespace: 'default' },
    spec: {
      replicas: 3,
      serviceName: 'dbs',
      selector: { matchLabels: { app: 'db' } },
      template: {
        metadata: { labels: { app: 'db' } },
        spec: { containers: [{ name: 'main', image: 'db:1', resources: {} }] },
      },
      podManagementPolicy: 'OrderedReady',
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
      revisionHistoryLimit: 10,
      ...fields,
    },
    status: { replicas: 0, availableReplicas: 0 },
  };
}

export function aClaim(name: string): PersistentVolumeClaim {
  return { metadata: { name }, spec: { accessModes: ['ReadWriteOnce'] } } as PersistentVolumeClaim;
}

export class Stage {
  readonly world = new World();
  private readonly runner = this.world.runner(new StatefulSetController({ registry: this.world }));

  async open(statefulSet: StatefulSet): Promise<void> {
    await this.world.of(kinds.statefulsets).create(statefulSet);
    await this.runner.start();
    await settle();
  }

  close(): Promise<void> {
    return this.runner.stop();
  }

  get set(): StatefulSet {
    const [set] = this.world.all(kinds.statefulsets);
    assert.ok(set);
    return set;
  }

  get pods(): Pod[] {
    return this.world.all(kinds.pods).toSorted((a, b) => ordinalOf(a) - ordinalOf(b));
  }

  /** In the order of their ordinals. */
  get names(): string[] {
    return this.pods.map(nameOf);
  }

  get images(): string[] {
    return this.pods.map(imageOf);
  }

  pod(ordinal: number): Pod {
    const pod = this.pods.find((one) => ordinalOf(one) === ordinal);
    assert.ok(pod, `there is no db-${ordinal}`);
    return pod;
  }

  /** The events' reasons and messages. */
  get told(): string[] {
    return this.world.events.map(({ reason, message }) => `${reason}: ${message}`);
  }

  async edit(change: (spec: StatefulSet['spec']) => Partial<StatefulSet['spec']>): Promise<void> {
    await this.world
      .resource(kinds.statefulsets)
      .mutate('default', 'db', (now) => ({ ...now, spec: { ...now.spec, ...change(now.spec) } }));
    await settle();
  }

  setImage(image: string): Promise<void> {
    return this.edit(({ template }) => ({
      template: { ...template, spec: { containers: [{ name: 'main', image, resources: {} }] } },
    }));
  }

  async setStatus(pod: Pod, status: Pod['status']): Promise<void> {
    await this.world
      .resource(kinds.pods)
      .mutate('default', nameOf(pod), (now) => ({ ...now, status }), { subresource: 'status' });
    await settle();
  }

  /** The node side of one pod: it becomes ready, or what is being deleted is gone. */
  async step({ metadata: { name, uid } }: Pod): Promise<void> {
    const pod = this.pods.find(({ metadata }) => metadata.name === name && metadata.uid === uid);
    // The controller may have taken it away meanwhile.
    if (!pod) return;
    if (pod.metadata.deletionTimestamp) {
      this.world.of(kinds.pods).remove(pod);
      await settle();
      return;
    }
    if (isReady(pod) || isTerminal(pod)) return;
    const spec = { ...pod.spec, nodeName: 'node-1' };
    await this.world.resource(kinds.pods).mutate('default', nameOf(pod), (now) => ({ ...now, spec }));
    await this.setReady(pod);
  }

  /** From now on. */
  setReady(pod: Pod): Promise<void> {
    const lastTransitionTime = this.world.clock.date().toISOString();
    return this.setStatus(pod, {
      phase: 'Running',
      conditions: [{ type: 'Ready', status: 'True', lastTransitionTime }],
    });
  }

  /** Everything goes on until nothing changes any more. */
  async finish(): Promise<void> {
    this.world.lagging = false;
    for (let round = 0; round < 100; round += 1) {
      this.world.deliver();
      this.world.clock.advance(1000);
      await settle();
      const open = this.pods.filter((pod) => pod.metadata.deletionTimestamp ?? (isOwned(pod) && !isReady(pod)));
      if (open.length === 0 && this.isDone()) return;
      for (const pod of open) await this.step(pod);
    }
    assert.fail(`it does not converge: ${this.names.join(' ')} ${JSON.stringify(this.set.status)}`);
  }

  private isDone(): boolean {
    const { spec, status } = this.set;
    return status.replicas === spec.replicas && status.availableReplicas === spec.replicas && this.runner.quiet;
  }
}

function isOwned({ metadata }: Pod): boolean {
  return metadata.ownerReferences !== undefined;
}

export function nameOf({ metadata }: Pod): string {
  return metadata.name ?? '';
}

export function ordinalOf(pod: Pod): number {
  return Number(nameOf(pod).split('-').at(-1));
}

export function imageOf({ spec }: Pod): string {
  return spec.containers[0]?.image ?? '';
}
