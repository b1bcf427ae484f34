/** The real kubectl: jobs and cron jobs run, fail, are suspended, adopted and deleted, and outlive a host. */
import assert from 'node:assert/strict';
import type { Job } from '../../api/types/batch.v1.ts';
import type { Pod } from '../../api/types/core.v1.ts';
import { IMAGES } from '../../cli/local/images.ts';
import { apiReady } from '../../cli/local/ready.ts';
import { systemClock } from '../../lib/clock.ts';
import { TestCluster } from '../support/cluster.ts';
import { dure } from '../support/dure.ts';
import { busybox, manifest, SLEEP } from '../support/manifests.ts';
import { Session } from '../support/session.ts';

const FAIL_ODD = 'exit $(( JOB_COMPLETION_INDEX % 2 ))';
const INDEXED = { completionMode: 'Indexed' };
const DISRUPTED = { onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] };

function job(name: string, script: string, spec: object = {}, podSpec: object = {}): object {
  const container = busybox('c', script, { volumeMounts: [{ name: 'data', mountPath: '/data' }] });
  const template = {
    spec: {
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: 5,
      volumes: [{ name: 'data', emptyDir: {} }],
      containers: [container],
      ...podSpec,
    },
  };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name },
    spec: { parallelism: 2, completions: 4, template, ...spec },
  };
}

describe('kubectl on jobs', function () {
  this.timeout(120_000);
  let cluster: TestCluster;
  let session: Session;
  before(async () => {
    cluster = await TestCluster.start({ nodes: 3 });
    session = await Session.open(cluster, 'jobs');
  });
  after(() => cluster?.stop());

  const create = (...objects: object[]): Promise<string> => session.run('create -f -', manifest(...objects));
  const read = async (name: string): Promise<Job> => JSON.parse(await session.run(`get job ${name} -o json`)) as Job;
  const podsOf = async (name: string): Promise<Pod[]> => {
    const list = JSON.parse(await session.run(`get pods -l batch.kubernetes.io/job-name=${name} -o json`)) as {
      items: Pod[];
    };
    return list.items;
  };
  const runs = (name: string, count: number): Promise<string> =>
    session.wait(`--for=jsonpath={.status.ready}=${count} job/${name}`);
  /** The reasons of the conditions that say how it is to end and how it has ended. */
  const endOf = async (name: string, condition: 'complete' | 'failed'): Promise<string[]> => {
    await session.wait(`--for=condition=${condition} job/${name}`);
    const { conditions = [] } = (await read(name)).status;
    return conditions.map(({ type, reason }) => `${type} ${reason}`);
  };

  it('runs what kubectl create makes, and shows what it said', async () => {
    assert.equal(
      await session.run(`create job once --image=${IMAGES.busybox} -- echo done`),
      'job.batch/once created\n',
    );
    assert.deepEqual(await endOf('once', 'complete'), [
      'SuccessCriteriaMet CompletionsReached',
      'Complete CompletionsReached',
    ]);
    assert.equal(await session.run('logs job/once'), 'done\n');
    assert.match(await session.run('get job once'), /NAME +STATUS +COMPLETIONS +DURATION +AGE\nonce +Complete +1\/1 /);
    const told = await session.run('describe job once');
    assert.match(told, /Pods Statuses: +0 Active \(0 Ready\) \/ 1 Succeeded \/ 0 Failed/);
    assert.match(told, /SuccessfulCreate .* job-controller +Created pod: once-/);
    assert.match(told, /Completed .* job-controller +Job completed/);
  });

  it('runs a job of a cron job, by hand and on time, and lets it go with what it made', async () => {
    await session.run(`create cronjob tidy --image=${IMAGES.busybox} --schedule=@yearly -- true`);
    await session.run('create job now --from=cronjob/tidy');
    await endOf('now', 'complete');
    await session.run(['patch', 'cronjob', 'tidy', '-p', '{"spec":{"schedule":"@every 2s"}}']);
    await session.wait('--for=jsonpath={.status.lastScheduleTime} cronjob/tidy');
    const made = (await session.run('get jobs -o name')).split('\n').find((name) => /tidy-\d+$/.test(name)) ?? '';
    const due = await session.field(made, '.metadata.annotations.batch\\.kubernetes\\.io/cronjob-scheduled-timestamp');
    assert.equal(made, `job.batch/tidy-${Math.floor(Date.parse(due) / 60_000)}`);
    assert.match(
      await session.run('describe cronjob tidy'),
      /SuccessfulCreate .* cronjob-controller +Created job tidy-\d+/,
    );
    await session.run('delete cronjob tidy');
    await session.wait('--for=delete job/now');
    await session.wait(`--for=delete ${made}`);
  });

  it('starts containers again on their node, and gives indexes, host names and labels', async () => {
    const again = 'if [ -r /data/seen ]; then exit 0; else touch /data/seen; exit 1; fi';
    await create(
      job('again', again, {}, { restartPolicy: 'OnFailure' }),
      job('indexed', 'echo $JOB_COMPLETION_INDEX $(hostname)', INDEXED),
    );
    await endOf('again', 'complete');
    await endOf('indexed', 'complete');
    const pods = await podsOf('indexed');
    const said = await Promise.all(pods.map(({ metadata }) => session.run(`logs ${metadata.name}`)));
    assert.deepEqual(said.toSorted(), ['0 indexed-0\n', '1 indexed-1\n', '2 indexed-2\n', '3 indexed-3\n']);
    const index = 'batch.kubernetes.io/job-completion-index';
    assert.ok(pods.every(({ metadata }) => metadata.labels?.[index] === metadata.annotations?.[index]));
    assert.equal((await read('indexed')).status.completedIndexes, '0-3');
  });

  it('ends them as their policies say', async () => {
    const failOn = (action: string): object => ({
      podFailurePolicy: { rules: [{ action, onExitCodes: { operator: 'In', values: [1] } }] },
    });
    await create(
      job('fail-job', 'exit 1', failOn('FailJob')),
      job('success-all', 'true', { ...INDEXED, completions: 2, successPolicy: { rules: [{ succeededCount: 2 }] } }),
      job('success-index', FAIL_ODD, {
        ...INDEXED,
        completions: 5,
        successPolicy: { rules: [{ succeededIndexes: '0' }] },
      }),
      job('success-count', FAIL_ODD, { ...INDEXED, completions: 5, successPolicy: { rules: [{ succeededCount: 1 }] } }),
      job('each-index', FAIL_ODD, { ...INDEXED, backoffLimitPerIndex: 1 }),
      job('max-failed', 'exit 1', { ...INDEXED, parallelism: 1, backoffLimitPerIndex: 0, maxFailedIndexes: 0 }),
      job('fail-index', FAIL_ODD, { ...INDEXED, completions: 2, backoffLimitPerIndex: 1, ...failOn('FailIndex') }),
      job('late', SLEEP, { activeDeadlineSeconds: 2 }),
    );
    const failed = (reason: string): string[] => [`FailureTarget ${reason}`, `Failed ${reason}`];
    const succeeded = ['SuccessCriteriaMet SuccessPolicy', 'Complete SuccessPolicy'];
    assert.deepEqual(await endOf('fail-job', 'failed'), failed('PodFailurePolicy'));
    for (const name of ['success-all', 'success-index', 'success-count']) {
      assert.deepEqual(await endOf(name, 'complete'), succeeded, name);
      const { active, ready, terminating, failed: count } = (await read(name)).status;
      assert.deepEqual([active, ready, terminating], [undefined, 0, 0], name);
      if (name === 'success-all') assert.equal(count, undefined);
    }
    assert.deepEqual(await endOf('max-failed', 'failed'), failed('MaxFailedIndexesExceeded'));
    assert.deepEqual(await endOf('fail-index', 'failed'), failed('FailedIndexes'));
    assert.deepEqual(await endOf('late', 'failed'), failed('DeadlineExceeded'));
    assert.deepEqual(await endOf('each-index', 'failed'), failed('FailedIndexes'));
    const countsOf = async (name: string): Promise<unknown[]> => {
      const { failedIndexes, completedIndexes, failed: count, succeeded: done } = (await read(name)).status;
      return [failedIndexes, completedIndexes, count, done];
    };
    assert.deepEqual(await countsOf('each-index'), ['1,3', '0,2', 4, 2]);
    assert.deepEqual(await countsOf('fail-index'), ['1', '0', 1, 1]);
    assert.deepEqual(await countsOf('max-failed'), ['0', undefined, 1, undefined]);
    const why = await dure(cluster.local.kubeconfig, ['why', 'job/fail-index', '-n', 'jobs']);
    assert.match(
      why.stdout,
      /^job\/fail-index has failed: Job has failed indexes \(FailedIndexes\)\.\n.*\n  Failed indexes: 1\n/,
    );
  });

  it('adopts pods that are free, lets go of others, is suspended and goes on, and takes its pods along', async () => {
    await create(job('forever', SLEEP));
    await runs('forever', 2);
    const name = (await podsOf('forever'))[0]?.metadata.name ?? '';
    const remove = (path: string): Promise<string> =>
      session.run(['patch', 'pod', name, '--type=json', '-p', `[{"op":"remove","path":"/metadata/${path}"}]`]);
    await remove('ownerReferences');
    await session.wait(`--for=jsonpath={.metadata.ownerReferences[0].name}=forever pod/${name}`);
    await remove('labels');
    await session.eventually(async () => {
      assert.equal(await session.field(`pod ${name}`, '.metadata.ownerReferences'), '');
      assert.equal(await session.field(`pod ${name}`, '.metadata.finalizers'), '');
    });
    await session.run(`delete pod ${name} --now`);
    const suspend = (value: boolean): Promise<string> =>
      session.run(['patch', 'job', 'forever', '-p', JSON.stringify({ spec: { suspend: value } })]);
    await suspend(true);
    await session.wait('--for=condition=Suspended job/forever');
    await session.wait('--for=delete pod -l job-name=forever');
    const why = await dure(cluster.local.kubeconfig, ['why', 'job/forever', '-n', 'jobs']);
    assert.match(why.stdout, /^job\/forever is suspended: 0 of 4 completions\.\n/);
    const condition = '{"status":{"conditions":[{"type":"Mine","status":"True"}]}}';
    await session.run(['patch', 'job', 'forever', '--subresource=status', '--type=merge', '-p', condition]);
    await suspend(false);
    await runs('forever', 2);
    assert.ok((await read('forever')).status.conditions?.some(({ type }) => type === 'Mine'));
    await session.run('delete job forever --cascade=foreground');
    assert.deepEqual(await podsOf('forever'), []);
  });

  it('replaces what was evicted or deleted as it is told to', async () => {
    const once = 'test -e /host/$JOB_COMPLETION_INDEX && exit 0; touch /host/$JOB_COMPLETION_INDEX; ' + SLEEP;
    const ignore = { ...INDEXED, parallelism: 3, completions: 3, backoffLimit: 2 };
    const marked = busybox('c', once, { volumeMounts: [{ name: 'host', mountPath: '/host' }] });
    const [node = ''] = cluster.local.nodeNames;
    await create(
      job(
        'evicted',
        '',
        { ...ignore, podFailurePolicy: { rules: [{ action: 'Ignore', ...DISRUPTED }] } },
        {
          containers: [marked],
          volumes: [{ name: 'host', hostPath: { path: '/run/dure-evicted', type: 'DirectoryOrCreate' } }],
          nodeName: node,
        },
      ),
      job('replaced', 'trap "sleep 2; exit 1" TERM; sleep infinity & wait', {
        parallelism: 1,
        completions: 1,
        podReplacementPolicy: 'Failed',
      }),
    );
    await runs('evicted', 3);
    await runs('replaced', 1);
    await session.run('delete pod -l job-name=replaced --wait=false');
    await session.wait('--for=jsonpath={.status.terminating}=1 job/replaced');
    assert.equal((await read('replaced')).status.failed, undefined);
    for (const { metadata } of await podsOf('evicted')) {
      const eviction = {
        apiVersion: 'policy/v1',
        kind: 'Eviction',
        metadata: { name: metadata.name, namespace: 'jobs' },
      };
      await session.run(
        `create --raw /api/v1/namespaces/jobs/pods/${metadata.name}/eviction -f -`,
        JSON.stringify(eviction),
      );
    }
    await session.wait('--for=jsonpath={.status.failed}=1 job/replaced');
    await runs('replaced', 1);
    assert.deepEqual(await endOf('evicted', 'complete'), [
      'SuccessCriteriaMet CompletionsReached',
      'Complete CompletionsReached',
    ]);
    assert.equal((await read('evicted')).status.failed, undefined);
    await session.run('delete job replaced');
  });

  it('goes away some time after it has ended', async () => {
    await create(job('brief', 'true', { completions: 1, ttlSecondsAfterFinished: 0 }));
    await session.wait('--for=delete job/brief');
  });

  it('counts every pod once, through the death of the server', async () => {
    await create(
      job('steady', 'sleep 0.5', { parallelism: 3, completions: 12 }),
      job('steady-indexed', 'sleep 0.5', { ...INDEXED, parallelism: 3, completions: 12 }),
    );
    await session.eventually(async () => assert.ok(((await read('steady')).status.succeeded ?? 0) >= 2));
    await cluster.local.kill('server-1');
    await cluster.local.start('server-1');
    await apiReady(cluster.client, systemClock);
    for (const name of ['steady', 'steady-indexed']) {
      await endOf(name, 'complete');
      const { succeeded, failed, uncountedTerminatedPods } = (await read(name)).status;
      assert.deepEqual([succeeded, failed, uncountedTerminatedPods], [12, undefined, {}]);
      assert.equal((await podsOf(name)).length, 12);
    }
  });

  it('counts and replaces the pods of a host that dies', async () => {
    const labels = { 'batch.kubernetes.io/job-name': 'lost' };
    const spread = { maxSkew: 1, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'ScheduleAnyway' };
    const apart = { topologySpreadConstraints: [{ ...spread, labelSelector: { matchLabels: labels } }] };
    await create(job('lost', SLEEP, { parallelism: 3, completions: 3 }, apart));
    await runs('lost', 3);
    const victim = (await podsOf('lost'))[0];
    const node = victim?.spec.nodeName ?? '';
    const count = (await podsOf('lost')).filter(({ spec }) => spec.nodeName === node).length;
    const began = Date.now();
    await cluster.local.kill(node);
    await session.wait(`--for=jsonpath={.status.failed}=${count} job/lost`);
    await runs('lost', 3);
    assert.ok(Date.now() - began < 30_000, 'it took half a minute');
    assert.ok((await podsOf('lost')).every(({ metadata }) => metadata.uid !== victim?.metadata.uid));
  });
});
