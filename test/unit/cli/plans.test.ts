import assert from 'node:assert/strict';
import type { DaemonSet, Deployment, StatefulSet } from '../../../api/types/apps.v1.ts';
import type { Pod } from '../../../api/types/core.v1.ts';
import { drainPlan, untilGivenUp } from '../../../cli/drain-plan.ts';
import { ManyErrors, SourceError, UsageError } from '../../../cli/errors.ts';
import { LogPrinter } from '../../../cli/log-printer.ts';
import { errorText } from '../../../cli/say-error.ts';
import { changeTaints, parseTaints } from '../../../cli/taints.ts';
import { daemonSetStatus, deploymentStatus, statefulSetStatus } from '../../../cli/rollout/status.ts';
import { ApiError, ConnectionError } from '../../../lib/client/errors.ts';

describe('drain', () => {
  const pod = (name: string, owner?: string, more: Partial<Pod['spec']> = {}): Pod => ({
    metadata: {
      name,
      namespace: 'd',
      ...(owner ? { ownerReferences: [{ apiVersion: 'v1', kind: owner, name: 'o', uid: 'u', controller: true }] } : {}),
    },
    spec: { containers: [], ...more },
    status: { phase: 'Running' },
  });
  const none = { ignoreDaemonsets: false, deleteEmptydirData: false, force: false, skipWaitForDeleteTimeout: 0 };
  const now = new Date('2026-01-01T00:01:00Z');
  const all = [
    pod('a', 'ReplicaSet'),
    pod('bare'),
    pod('daemon', 'DaemonSet'),
    pod('local', 'ReplicaSet', { volumes: [{ name: 'v', emptyDir: {} }] }),
  ];

  it('refuses what it was not told to do', () => {
    assert.deepEqual(drainPlan(all, none, now).refusals, [
      'cannot delete DaemonSet-managed Pods (use --ignore-daemonsets to ignore): d/daemon',
      'cannot delete Pods with local storage (use --delete-emptydir-data to override): d/local',
      'cannot delete Pods that declare no controller (use --force to override): d/bare',
    ]);
  });

  it('takes all but daemons when told to', () => {
    const { pods, refusals, warnings } = drainPlan(
      all,
      { ignoreDaemonsets: true, deleteEmptydirData: true, force: true, skipWaitForDeleteTimeout: 0 },
      now,
    );
    assert.deepEqual(
      pods.map(({ metadata }) => metadata.name),
      ['a', 'bare', 'local'],
    );
    assert.deepEqual(refusals, []);
    assert.equal(warnings.length, 2);
  });
});

describe('drain', () => {
  const now = new Date('2026-01-01T00:01:00Z');
  const leaving = (deletionTimestamp: string): Pod => ({
    metadata: { name: 'p', namespace: 'd', deletionTimestamp },
    spec: { containers: [] },
    status: { phase: 'Running' },
  });

  it('leaves alone what should have been gone for longer than it was told to wait', () => {
    const rules = { ignoreDaemonsets: true, deleteEmptydirData: true, force: true };
    const drained = (pod: Pod, skipWaitForDeleteTimeout: number): number =>
      drainPlan([pod], { ...rules, skipWaitForDeleteTimeout }, now).pods.length;
    assert.equal(drained(leaving('2026-01-01T00:00:49Z'), 10), 0);
    assert.equal(drained(leaving('2026-01-01T00:00:50Z'), 10), 1);
    assert.equal(drained(leaving('2020-01-01T00:00:00Z'), 0), 1);
  });

  it('knows when it will have waited long enough', () => {
    assert.equal(untilGivenUp(leaving('2026-01-01T00:00:55Z'), 10, now), 6000);
    assert.equal(untilGivenUp({ ...leaving(''), metadata: { name: 'p' } }, 10, now), undefined);
  });
});

describe('taints', () => {
  it('are read as users write them', () => {
    assert.deepEqual(parseTaints(['a=b:NoSchedule', 'c:NoExecute', 'd-', 'e:NoSchedule-']), {
      added: [
        { key: 'a', value: 'b', effect: 'NoSchedule' },
        { key: 'c', effect: 'NoExecute' },
      ],
      removed: [{ key: 'd' }, { key: 'e', effect: 'NoSchedule' }],
    });
    assert.throws(() => parseTaints(['a=b']), /invalid taint spec/);
    assert.throws(() => parseTaints(['a=b:Never']), /invalid taint effect/);
  });

  it('replace their like only when told to', () => {
    const before = [
      { key: 'a', value: 'x', effect: 'NoSchedule' },
      { key: 'a', effect: 'NoExecute' },
    ];
    assert.throws(() => changeTaints(before, parseTaints(['a=y:NoSchedule']), false), /--overwrite is false/);
    assert.deepEqual(changeTaints(before, parseTaints(['a=y:NoSchedule']), true), [
      before[1],
      { key: 'a', value: 'y', effect: 'NoSchedule' },
    ]);
    assert.deepEqual(changeTaints(before, parseTaints(['a-']), false), []);
    assert.throws(() => changeTaints(before, parseTaints(['z-']), false), /"z" not found/);
  });
});

describe('rollout status', () => {
  const status = (counts: Deployment['status']): string =>
    deploymentStatus({
      metadata: { name: 'w', generation: 2 },
      spec: { replicas: 3 },
      status: { observedGeneration: 2, ...counts },
    } as Deployment).text;

  it('goes from seen to updated to available', () => {
    assert.match(status({ observedGeneration: 1 }), /spec update to be observed/);
    assert.match(status({ updatedReplicas: 1 }), /1 out of 3 new replicas have been updated/);
    assert.match(status({ updatedReplicas: 3, replicas: 4 }), /1 old replicas are pending termination/);
    assert.match(
      status({ updatedReplicas: 3, replicas: 3, availableReplicas: 2 }),
      /2 of 3 updated replicas are available/,
    );
    assert.equal(
      status({ updatedReplicas: 3, replicas: 3, availableReplicas: 3 }),
      'deployment "w" successfully rolled out',
    );
    const conditions = [{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' }];
    assert.throws(() => status({ conditions }), /exceeded its progress deadline/);
  });

  it('of a daemon set goes by nodes', () => {
    const said = (counts: Partial<DaemonSet['status']>, type = 'RollingUpdate'): string =>
      daemonSetStatus({
        metadata: { name: 'd', generation: 2 },
        spec: { updateStrategy: { type } },
        status: { observedGeneration: 2, desiredNumberScheduled: 3, ...counts },
      } as DaemonSet).text;
    assert.equal(said({ observedGeneration: 1 }), 'Waiting for daemon set spec update to be observed...');
    const prefix = 'Waiting for daemon set "d" rollout to finish:';
    assert.equal(said({}), `${prefix} 0 out of 3 new pods have been updated...`);
    assert.equal(
      said({ updatedNumberScheduled: 3, numberAvailable: 2 }),
      `${prefix} 2 of 3 updated pods are available...`,
    );
    assert.equal(said({ updatedNumberScheduled: 3, numberAvailable: 3 }), 'daemon set "d" successfully rolled out');
    assert.throws(() => said({}, 'OnDelete'), /only available for RollingUpdate strategy type/);
  });

  it('of a stateful set goes by pods, and by the share that is rolled on', () => {
    const said = (counts: Partial<StatefulSet['status']>, partition?: number): string => {
      const rollingUpdate = partition === undefined ? {} : { rollingUpdate: { partition } };
      return statefulSetStatus({
        metadata: { name: 's', generation: 2 },
        spec: { replicas: 3, updateStrategy: { type: 'RollingUpdate', ...rollingUpdate } },
        status: { observedGeneration: 2, readyReplicas: 3, updateRevision: 's-2', currentRevision: 's-1', ...counts },
      } as StatefulSet).text;
    };
    assert.equal(said({ observedGeneration: 1 }), 'Waiting for statefulset spec update to be observed...');
    assert.equal(said({ readyReplicas: 1 }), 'Waiting for 2 pods to be ready...');
    assert.equal(
      said({ updatedReplicas: 1 }),
      'waiting for statefulset rolling update to complete 1 pods at revision s-2...',
    );
    assert.equal(
      said({ currentRevision: 's-2', currentReplicas: 3 }),
      'statefulset rolling update complete 3 pods at revision s-2...',
    );
    assert.equal(
      said({ updatedReplicas: 1 }, 1),
      'Waiting for partitioned roll out to finish: 1 out of 2 new pods have been updated...',
    );
    assert.equal(said({ updatedReplicas: 2 }, 1), 'partitioned roll out complete: 2 new pods have been updated...');
  });
});

describe('errors', () => {
  const refused = new ApiError(404, { reason: 'NotFound', message: 'pods "x" not found' });

  it("are worded as kubectl's", () => {
    assert.equal(errorText(refused), 'Error from server (NotFound): pods "x" not found');
    assert.equal(errorText(new UsageError('unknown flag: --x')), 'error: unknown flag: --x');
    assert.equal(
      errorText(new SourceError('creating', 'a.yaml', refused)),
      'Error from server (NotFound): error when creating "a.yaml": pods "x" not found',
    );
    assert.equal(
      errorText(new ManyErrors([refused, new UsageError('b')])),
      'Error from server (NotFound): pods "x" not found\nerror: b',
    );
  });

  it('tell the causes of what is invalid', () => {
    const invalid = (causes: { field: string; message: string }[]): string =>
      errorText(new ApiError(422, { reason: 'Invalid', message: 'm', details: { kind: 'Pod', name: 'p', causes } }));
    assert.equal(
      invalid([{ field: 'spec', message: 'Required value' }]),
      'The Pod "p" is invalid: spec: Required value',
    );
    assert.equal(
      invalid([
        { field: 'a', message: '1' },
        { field: 'b', message: '2' },
      ]),
      'The Pod "p" is invalid: \n* a: 1\n* b: 2',
    );
  });

  it('tell of connections', () => {
    const cause = Object.assign(new Error('x'), { code: 'ECONNREFUSED', address: '10.0.0.1', port: 6443 });
    assert.match(
      errorText(new ConnectionError('x', { cause })),
      /^The connection to the server 10.0.0.1:6443 was refused/,
    );
    assert.equal(errorText(new ConnectionError('why')), 'Unable to connect to the server: why');
  });
});

describe('log lines', () => {
  it('each get the prefix, however they come', () => {
    let text = '';
    const printer = new LogPrinter({ prefix: '[p] ', write: (data) => (text += Buffer.from(data).toString()) });
    for (const piece of ['a', 'b\nc\n', '', 'd']) printer.add(Buffer.from(piece));
    printer.end();
    assert.equal(text, '[p] ab\n[p] c\n[p] d\n');
  });
});
