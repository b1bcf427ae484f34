import assert from 'node:assert/strict';

import type { ControllerRevision, DaemonSet } from '../../../api/types/apps.v1.ts';
import type { Node, Pod, PodSpec, Taint } from '../../../api/types/core.v1.ts';
import { Failures } from '../../../control-plane/controllers/daemonset/failures.ts';
import {
  affinityTo,
  daemonTolerations,
  nodeOf,
  placementOf,
} from '../../../control-plane/controllers/daemonset/placement.ts';
import { planDaemonSet, type DaemonSetSnapshot } from '../../../control-plane/controllers/daemonset/plan.ts';
import { dataOf } from '../../../control-plane/controllers/history/revision.ts';
import { aDaemon, aDaemonSet, aNode, HASH } from './daemons.ts';
import { NOON, aMoment, inShort } from './moment.ts';

const OWNER = { apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'web', uid: 'uid-daemonsets-web', controller: true };

/** A revision of what the daemon set's template is with another image. */
function aRevision(daemonSet: DaemonSet, revision: number, { image }: { image?: string } = {}): ControllerRevision {
  const { template } = daemonSet.spec;
  const hash = `h${revision}`;
  const then = image ? { ...template, spec: { ...template.spec, hostname: image } } : template;
  return {
    metadata: {
      name: `web-${hash}`,
      namespace: 'default',
      uid: `uid-${hash}`,
      labels: { app: 'web', [HASH]: hash },
      ownerReferences: [OWNER],
    },
    data: dataOf(then),
    revision,
  };
}

const NODES = ['a', 'b', 'c'].map((name) => aNode(name));

interface Given extends Partial<DaemonSetSnapshot> {
  readonly daemonSet?: DaemonSet;
}

/** With revision `h2` of the present template and `h1` of one before, on three nodes. */
function plan(given: Given = {}): ReturnType<typeof planDaemonSet> {
  const { daemonSet = aDaemonSet(), nodes = NODES, pods = [], untilReplaced = () => 0 } = given;
  const { revisions = [aRevision(daemonSet, 1, { image: 'old' }), aRevision(daemonSet, 2)] } = given;
  return planDaemonSet({ daemonSet, nodes, pods, revisions, untilReplaced }, aMoment());
}

/** What is done to pods, in short. */
function onPods(given: Given = {}): string[] {
  return plan(given).actions.flatMap((action) => {
    if (action.do === 'create') return [`create on ${nodeOf(action.object as Pod)}`];
    return inShort([action]).filter((text) => !text.startsWith('patch-status'));
  });
}

function statusOf(given: Given = {}): object {
  const { daemonSet = aDaemonSet() } = given;
  const patch = plan(given).actions.find((action) => action.do === 'patch-status')?.patch;
  return { ...daemonSet.status, ...patch };
}

describe('placement of daemons', () => {
  const placed = (spec: Partial<PodSpec>, node: Node): string => {
    const { isWanted, mayStay } = placementOf({ containers: [], ...spec })(node);
    return isWanted ? 'wanted' : mayStay ? 'may stay' : 'nowhere';
  };
  const tainted = (key: string, effect: string): Node => aNode('a', { taints: [{ key, effect }] });

  it('follows the node selector, required affinity and the node that the template names', () => {
    const blue = aNode('a', { labels: { color: 'blue' } });
    assert.equal(placed({}, aNode('a')), 'wanted');
    assert.equal(placed({ nodeSelector: { color: 'blue' } }, blue), 'wanted');
    assert.equal(placed({ nodeSelector: { color: 'green' } }, blue), 'nowhere');
    const matchExpressions = [{ key: 'color', operator: 'In', values: ['green'] }];
    const required = { nodeSelectorTerms: [{ matchExpressions }] };
    const nodeAffinity = { requiredDuringSchedulingIgnoredDuringExecution: required };
    assert.equal(placed({ affinity: { nodeAffinity } }, blue), 'nowhere');
    assert.equal(placed({ affinity: { nodeAffinity } }, aNode('a', { labels: { color: 'green' } })), 'wanted');
    assert.equal(placed({ nodeName: 'a' }, blue), 'wanted');
    assert.equal(placed({ nodeName: 'b' }, blue), 'nowhere');
  });

  const table: [taint: string, effect: string, expected: string, spec?: Partial<PodSpec>][] = [
    ['role', 'NoSchedule', 'may stay'],
    ['role', 'NoExecute', 'nowhere'],
    ['role', 'PreferNoSchedule', 'wanted'],
    ['role', 'NoExecute', 'wanted', { tolerations: [{ key: 'role', operator: 'Exists' }] }],
    ['node.kubernetes.io/not-ready', 'NoExecute', 'wanted'],
    ['node.kubernetes.io/unreachable', 'NoExecute', 'wanted'],
    ['node.kubernetes.io/not-ready', 'NoSchedule', 'may stay'],
    ['node.kubernetes.io/unreachable', 'NoSchedule', 'may stay'],
    ['node.kubernetes.io/disk-pressure', 'NoSchedule', 'wanted'],
    ['node.kubernetes.io/memory-pressure', 'NoSchedule', 'wanted'],
    ['node.kubernetes.io/pid-pressure', 'NoSchedule', 'wanted'],
    ['node.kubernetes.io/unschedulable', 'NoSchedule', 'wanted'],
    ['node.kubernetes.io/network-unavailable', 'NoSchedule', 'may stay'],
    ['node.kubernetes.io/network-unavailable', 'NoSchedule', 'wanted', { hostNetwork: true }],
  ];
  for (const [key, effect, expected, spec = {}] of table) {
    const saying = Object.keys(spec).join();
    it(`on a node with ${key}:${effect}: ${expected}${saying && ` with ${saying}`}`, () => {
      assert.equal(placed(spec, tainted(key, effect)), expected);
    });
  }

  it('says with what a pod tolerates, for good, also where the template sets a time', () => {
    const limited = { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute' };
    const own = { key: 'role', operator: 'Exists' };
    const tolerations = daemonTolerations({ containers: [], tolerations: [{ ...limited, tolerationSeconds: 5 }, own] });
    assert.equal(tolerations.length, 7);
    assert.deepEqual(tolerations.slice(0, 2), [limited, own]);
  });

  it('requires the one node in place of others, and is read back from it', () => {
    const preference = { preference: { matchExpressions: [] }, weight: 1 };
    const podAffinity = {};
    const affinity = affinityTo('a', {
      podAffinity,
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [{ matchExpressions: [{ key: 'color', operator: 'Exists' }] }],
        },
        preferredDuringSchedulingIgnoredDuringExecution: [preference],
      },
    });
    const matchFields = [{ key: 'metadata.name', operator: 'In', values: ['a'] }];
    assert.deepEqual(affinity, {
      podAffinity,
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchFields }] },
        preferredDuringSchedulingIgnoredDuringExecution: [preference],
      },
    });
    assert.equal(nodeOf(aDaemon('p', 'a', { waiting: true })), 'a');
    const nameless = aDaemon('p', 'a', { waiting: true });
    delete nameless.spec.affinity;
    assert.equal(nodeOf(nameless), undefined);
  });
});

describe('daemon set controller', () => {
  it('makes a pod on every node where one belongs, labelled, tolerating, and bound to that node', () => {
    const daemonSet = aDaemonSet({ spec: { nodeSelector: { color: 'blue' }, hostNetwork: true } });
    const nodes = [aNode('a', { labels: { color: 'blue' } }), aNode('b')];
    const [create] = plan({ daemonSet, nodes, revisions: [aRevision(daemonSet, 2)] }).actions.filter(
      (action) => action.do === 'create',
    );
    assert.ok(create?.do === 'create');
    const pod = create.object as Pod;
    assert.equal(pod.metadata.name, 'web-id1');
    assert.equal(pod.metadata.generateName, 'web-');
    assert.deepEqual(pod.metadata.labels, { app: 'web', 'pod-template-generation': '1', [HASH]: 'h2' });
    assert.equal(pod.metadata.ownerReferences?.[0]?.uid, 'uid-daemonsets-web');
    assert.equal(nodeOf(pod), 'a');
    assert.equal(pod.spec.nodeName, undefined);
    assert.deepEqual(pod.spec.nodeSelector, { color: 'blue' });
    assert.equal(pod.spec.tolerations?.length, 7);
    assert.equal(create.event?.message, 'Created pod: web-id1');
  });

  it('writes down a revision before it makes pods of it', () => {
    const { actions } = plan({ revisions: [], nodes: NODES.slice(0, 1) });
    const [revision, status, pod] = actions;
    assert.ok(revision?.do === 'create' && revision.kind.kind === 'ControllerRevision');
    assert.equal(status?.do, 'patch-status');
    assert.ok(pod?.do === 'create');
    const hash = revision.object.metadata.labels?.[HASH];
    assert.ok(hash && revision.object.metadata.name === `web-${hash}`);
    assert.equal(pod.object.metadata.labels?.[HASH], hash);
  });

  it('does nothing more once it is being deleted', () => {
    const daemonSet = aDaemonSet();
    daemonSet.metadata.deletionTimestamp = '2026-01-01T11:00:00Z';
    assert.deepEqual(plan({ daemonSet }).actions, []);
  });

  describe('keeps one pod a node', () => {
    const rest = [aDaemon('b1', 'b', { hash: 'h2' }), aDaemon('c1', 'c', { hash: 'h2' })];
    const withOn = (...pods: Pod[]): string[] => onPods({ pods: [...rest, ...pods] });

    it('and waits until one that goes is gone', () => {
      assert.deepEqual(withOn(aDaemon('a1', 'a', { hash: 'h2' })), []);
      assert.deepEqual(withOn(aDaemon('a1', 'a', { hash: 'h2', going: true })), []);
      assert.deepEqual(withOn(), ['create on a']);
    });

    it('counting one that is on its way to its node', () => {
      assert.deepEqual(withOn(aDaemon('a1', 'a', { waiting: true, hash: 'h2', ready: false })), []);
    });

    it('of several the one on the node, then the oldest', () => {
      const waiting = aDaemon('a1', 'a', { hash: 'h2', waiting: true, ready: false });
      assert.deepEqual(withOn(waiting, aDaemon('a2', 'a', { hash: 'h2' })), ['delete a1']);
      const older = aDaemon('a3', 'a', { hash: 'h2' });
      older.metadata.creationTimestamp = '2025-01-01T00:00:00Z';
      assert.deepEqual(withOn(aDaemon('a2', 'a', { hash: 'h2' }), older), ['delete a2']);
    });

    it('and takes it away from where it does not belong', () => {
      const taints: Taint[] = [{ key: 'role', effect: 'NoExecute' }];
      const nodes = [aNode('b', { taints: [{ key: 'role', effect: 'NoSchedule' }] }), aNode('c', { taints })];
      assert.deepEqual(onPods({ pods: rest, nodes }), ['delete c1']);
    });

    it('and takes away what never got to a node that is gone; what did is cleared away with its node', () => {
      const waiting = aDaemon('a1', 'a', { hash: 'h2', waiting: true });
      assert.deepEqual(onPods({ pods: [...rest, waiting], nodes: NODES.slice(2) }), ['delete a1']);
    });

    it('adopting what is free and releasing what it does not select', () => {
      const free = aDaemon('a1', 'a', { hash: 'h2' });
      delete free.metadata.ownerReferences;
      const other = aDaemon('b1', 'b', { hash: 'h2' });
      other.metadata.labels = { app: 'other' };
      assert.deepEqual(onPods({ pods: [free, other, aDaemon('c1', 'c', { hash: 'h2' })] }), [
        'add-owner a1',
        'remove-owners b1',
        'create on b',
      ]);
    });
  });

  describe('replaces a pod that has ended', () => {
    const rest = [aDaemon('b1', 'b', { hash: 'h2' }), aDaemon('c1', 'c', { hash: 'h2' })];
    const failed = aDaemon('a1', 'a', { hash: 'h2', phase: 'Failed' });

    it('and says so', () => {
      const made = plan({ pods: [...rest, failed] });
      assert.deepEqual(inShort(made.actions).slice(1), ['record FailedDaemonPod', 'delete a1']);
      const [event] = made.actions.flatMap((action) => (action.do === 'record' ? [action.event] : []));
      assert.equal(event?.message, 'Found failed daemon pod default/a1 on node a, will try to kill it');
      assert.deepEqual(made.failedOn, ['a']);
      const succeeded = plan({ pods: [...rest, aDaemon('a1', 'a', { hash: 'h2', phase: 'Succeeded' })] });
      assert.deepEqual(inShort(succeeded.actions).slice(1), ['record SucceededDaemonPod', 'delete a1']);
      assert.deepEqual(succeeded.failedOn, []);
    });

    it('once it has ended and is gone but for its finalizers', () => {
      const held = aDaemon('a1', 'a', { hash: 'h2', phase: 'Failed', going: true });
      assert.deepEqual(onPods({ pods: [...rest, held] }), ['create on a']);
    });

    it('and remembers a failure only of those that it replaces now', () => {
      const names = Array.from({ length: 300 }, (_, index) => `n${index}`);
      const made = plan({
        nodes: names.map((name) => aNode(name)),
        pods: names.map((name) => aDaemon(`on-${name}`, name, { hash: 'h2', phase: 'Failed' })),
      });
      const deleted = inShort(made.actions).filter((action) => action.startsWith('delete '));
      assert.equal(deleted.length, 250);
      assert.deepEqual(
        made.failedOn.map((node) => `delete on-${node}`),
        deleted,
      );
    });

    it('later, when pods fail on the node again and again', () => {
      const made = plan({ pods: [...rest, failed], untilReplaced: (node) => (node === 'a' ? 1500 : 0) });
      assert.deepEqual(inShort(made.actions).slice(1), []);
      assert.equal(made.after, 1500);
      assert.deepEqual(made.reasons, ['the failed pod on a is replaced in 2 more seconds']);
    });

    it('at growing intervals, which are forgotten', () => {
      const failures = new Failures();
      assert.equal(failures.untilReplaced('a', 0), 0);
      failures.note('a', 0);
      assert.equal(failures.untilReplaced('a', 400), 600);
      failures.note('a', 1000);
      assert.equal(failures.untilReplaced('a', 1000), 2000);
      assert.equal(failures.untilReplaced('b', 1000), 0);
      for (let turn = 0; turn < 20; turn += 1) failures.note('a', 2000);
      assert.equal(failures.untilReplaced('a', 2000), 15 * 60_000);
      failures.note('a', 2000 + 31 * 60_000);
      assert.equal(failures.untilReplaced('a', 2000 + 31 * 60_000), 1000);
    });
  });

  describe('updates', () => {
    const old = (name: string, node: string, ready = true): Pod => aDaemon(name, node, { hash: 'h1', ready });
    const fresh = (name: string, node: string, ready = true): Pod => aDaemon(name, node, { hash: 'h2', ready });

    it('one node after the other', () => {
      assert.deepEqual(onPods({ pods: [old('a1', 'a'), old('b1', 'b'), old('c1', 'c')] }), ['delete a1']);
      assert.deepEqual(onPods({ pods: [fresh('a2', 'a', false), old('b1', 'b'), old('c1', 'c')] }), []);
      assert.deepEqual(onPods({ pods: [fresh('a2', 'a'), old('b1', 'b'), old('c1', 'c')] }), ['delete b1']);
    });

    it('making what is missing first', () => {
      assert.deepEqual(onPods({ pods: [old('b1', 'b'), old('c1', 'c')] }), ['create on a']);
    });

    it('as many nodes at once as it may', () => {
      const pods = [old('a1', 'a'), old('b1', 'b'), old('c1', 'c')];
      const daemonSet = aDaemonSet({ rollingUpdate: { maxUnavailable: '50%' } });
      assert.deepEqual(onPods({ daemonSet, pods }), ['delete a1', 'delete b1']);
    });

    it('what is of no use at once', () => {
      assert.deepEqual(onPods({ pods: [old('a1', 'a', false), old('b1', 'b', false), old('c1', 'c')] }), [
        'delete a1',
        'delete b1',
      ]);
    });

    it('only what is deleted, when told so', () => {
      const pods = [old('a1', 'a'), old('b1', 'b')];
      assert.deepEqual(onPods({ daemonSet: aDaemonSet({ onDelete: true }), pods }), ['create on c']);
    });

    it('not what carries the number of the template', () => {
      const numbered = old('a1', 'a');
      numbered.metadata.labels = { ...numbered.metadata.labels, 'pod-template-generation': '1' };
      assert.deepEqual(onPods({ pods: [numbered, fresh('b1', 'b'), fresh('c1', 'c')] }), []);
    });

    it('once a new pod has been ready for long enough, and looks again then', () => {
      const recent = fresh('a2', 'a');
      recent.status.conditions = [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T11:59:57Z' }];
      const made = plan({
        daemonSet: aDaemonSet({ minReadySeconds: 10 }),
        pods: [recent, old('b1', 'b'), old('c1', 'c')],
      });
      assert.deepEqual(inShort(made.actions).slice(1), []);
      assert.equal(made.after, 7000);
      assert.deepEqual(made.reasons, ['1 nodes lack an available pod, and 1 at most may']);
    });

    describe('with a surge', () => {
      const daemonSet = aDaemonSet({ rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } });
      const surging = (...pods: Pod[]): string[] => onPods({ daemonSet, pods });

      it('puts a new pod beside an old one, which goes when the new one is available', () => {
        const others = [old('b1', 'b'), old('c1', 'c')];
        assert.deepEqual(surging(old('a1', 'a'), ...others), ['create on a']);
        assert.deepEqual(surging(old('a1', 'a'), fresh('a2', 'a', false), ...others), []);
        assert.deepEqual(surging(old('a1', 'a'), fresh('a2', 'a'), ...others), ['delete a1']);
      });

      it('lets an old pod go that is not ready, as soon as there is a new one', () => {
        const others = [fresh('b1', 'b'), fresh('c1', 'c')];
        assert.deepEqual(surging(old('a1', 'a', false), ...others), ['create on a']);
        assert.deepEqual(surging(old('a1', 'a', false), fresh('a2', 'a', false), ...others), ['delete a1']);
      });

      it('does not wait for one that is going', () => {
        const going = aDaemon('a1', 'a', { hash: 'h2', going: true });
        assert.deepEqual(surging(going, fresh('b1', 'b'), fresh('c1', 'c')), ['create on a']);
      });

      it('keeps a pod on a node that it shall leave until it serves on all others', () => {
        const taints: Taint[] = [{ key: 'role', effect: 'NoSchedule' }];
        const nodes = [aNode('a', { taints }), aNode('b')];
        assert.deepEqual(onPods({ daemonSet, nodes, pods: [old('a1', 'a'), fresh('b1', 'b', false)] }), []);
        assert.deepEqual(onPods({ daemonSet, nodes, pods: [old('a1', 'a'), fresh('b1', 'b')] }), ['delete a1']);
      });
    });
  });

  describe('remembers its revisions', () => {
    const pods = [aDaemon('a1', 'a', { hash: 'h2' }), aDaemon('b1', 'b', { hash: 'h2' }), aDaemon('c1', 'c')];

    it('up to its limit, and those that pods were made from', () => {
      const daemonSet = aDaemonSet({ onDelete: true });
      daemonSet.spec.revisionHistoryLimit = 1;
      const images = ['i1', 'i2', 'i3'];
      const revisions = [
        ...images.map((image, index) => aRevision(daemonSet, index + 1, { image })),
        aRevision(daemonSet, 4),
      ];
      const third = [aDaemon('a1', 'a', { hash: 'h1' }), aDaemon('b1', 'b', { hash: 'h4' }), aDaemon('c1', 'c')];
      assert.deepEqual(onPods({ daemonSet, revisions, pods: third }), ['delete web-h2', 'delete web-h3']);
    });

    it('each once: a second of the same template takes over its pods', () => {
      const daemonSet = aDaemonSet();
      const revisions = [aRevision(daemonSet, 2), aRevision(daemonSet, 3)];
      const made = plan({ daemonSet, revisions, pods: pods.slice(0, 2), nodes: NODES.slice(0, 2) });
      assert.deepEqual(inShort(made.actions), ['patch a1', 'patch b1', 'delete web-h2', 'patch-status web']);
      const [patch] = made.actions;
      assert.deepEqual(patch?.do === 'patch' && patch.patch, { metadata: { labels: { [HASH]: 'h3' } } });
    });

    it('by a label that one made by hand may lack', () => {
      const daemonSet = aDaemonSet();
      const bare = aRevision(daemonSet, 2);
      bare.metadata.labels = { app: 'web' };
      const made = plan({ daemonSet, revisions: [bare], nodes: NODES.slice(0, 1) });
      assert.deepEqual(inShort(made.actions), ['patch web-h2', 'patch-status web', 'create web-id1']);
    });
  });

  describe('counts', () => {
    const taints: Taint[] = [{ key: 'role', effect: 'NoSchedule' }];
    const nodes = [...NODES, aNode('d', { taints }), aNode('e', { taints })];

    it('nodes by what they have', () => {
      const pods = [
        aDaemon('a1', 'a', { hash: 'h2' }),
        aDaemon('b1', 'b', { hash: 'h1', ready: false }),
        aDaemon('d1', 'd', { hash: 'h2' }),
      ];
      assert.deepEqual(statusOf({ nodes, pods }), {
        currentNumberScheduled: 2,
        numberMisscheduled: 1,
        desiredNumberScheduled: 3,
        numberReady: 1,
        observedGeneration: 1,
        updatedNumberScheduled: 1,
        numberAvailable: 1,
        numberUnavailable: 2,
      });
    });

    it('a node as ready that has a ready pod beside one of the same second', () => {
      const daemonSet = aDaemonSet({ rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } });
      const pods = [aDaemon('new', 'a', { hash: 'h2', ready: false }), aDaemon('old', 'a', { hash: 'h1' })];
      assert.equal(Reflect.get(statusOf({ daemonSet, nodes: [aNode('a')], pods }), 'numberReady'), 1);
    });

    it('and says nothing when nothing has changed, leaving what others have written', () => {
      const pods = NODES.map(({ metadata: { name = '' } }) => aDaemon(`${name}1`, name, { hash: 'h2' }));
      const before = statusOf({ pods });
      const daemonSet = aDaemonSet();
      daemonSet.status = { ...daemonSet.status, ...before, conditions: [{ type: 'Seen', status: 'True' }] };
      assert.deepEqual(plan({ daemonSet, pods }).actions, []);
      const fewer = plan({ daemonSet, pods, nodes: [] }).actions.find((action) => action.do === 'patch-status');
      assert.deepEqual(fewer?.patch, {
        currentNumberScheduled: 0,
        desiredNumberScheduled: 0,
        numberReady: 0,
        updatedNumberScheduled: null,
        numberAvailable: null,
      });
    });

    it('as available what has been ready for long enough', () => {
      const recent = aDaemon('a1', 'a', { hash: 'h2' });
      const at = new Date(NOON.getTime() - 3000).toISOString();
      recent.status.conditions = [{ type: 'Ready', status: 'True', lastTransitionTime: at }];
      const status = statusOf({ daemonSet: aDaemonSet({ minReadySeconds: 10 }), nodes: [aNode('a')], pods: [recent] });
      assert.deepEqual([Reflect.get(status, 'numberReady'), Reflect.get(status, 'numberAvailable')], [1, undefined]);
    });
  });
});
