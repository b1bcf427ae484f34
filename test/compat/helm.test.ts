/** Helm 4, as it comes: a chart that uses everything a chart can have, and three like those that people install. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { IMAGES } from '../../cli/local/images.ts';
import { clientEnvironment, clientProgram, runProgram, type Release } from '../support/client-program.ts';
import { TestCluster } from '../support/cluster.ts';
import { Session } from '../support/session.ts';

const CHARTS = path.resolve(import.meta.dirname, '../support/charts');
/** Helm 4.1 and 4.2. */
const HELMS: readonly Release[] = ['1.35', '1.36'];
const WAIT = '--wait --timeout=60s';
const CHECKSUM = '.spec.template.metadata.annotations.checksum/config';

/** `expected`: by hook, what its pod has said of itself. */
async function assertHooks(session: Session, expected: Record<string, string>): Promise<void> {
  for (const [hook, said] of Object.entries(expected)) {
    assert.equal(await session.run(`logs all-everything-${hook}`), `${hook} ${said}\n`);
  }
}

interface Revision {
  readonly revision: number;
  readonly status: string;
  readonly description: string;
}

/** Helm as a user types it, in the namespace of a session. */
class Helm {
  readonly session: Session;
  private readonly release: Release;

  constructor(session: Session, release: Release) {
    this.session = session;
    this.release = release;
  }

  async try(line: string): Promise<{ code: number; stdout: string; stderr: string }> {
    const { kubeconfig } = this.session.cluster.local;
    const args = ['--namespace', this.session.namespace, ...line.split(' ')];
    return runProgram(await clientProgram('helm', this.release), args, clientEnvironment(kubeconfig));
  }

  async run(line: string): Promise<string> {
    const { code, stdout, stderr } = await this.try(line);
    assert.equal(code, 0, `helm ${line}: ${stderr}${stdout}`);
    return stdout;
  }

  async fail(line: string): Promise<string> {
    const { code, stdout, stderr } = await this.try(line);
    assert.notEqual(code, 0, `helm ${line} succeeded: ${stdout}`);
    return stderr;
  }

  async history(name: string): Promise<string[]> {
    const revisions = JSON.parse(await this.run(`history ${name} -o json`)) as Revision[];
    return revisions.map(({ revision, status }) => `${revision} ${status}`);
  }
}

describe('Helm', function () {
  this.timeout(120_000);
  let cluster: TestCluster;
  before(async () => {
    cluster = await TestCluster.start({ nodes: 2 });
  });
  after(() => cluster?.stop());

  async function open(namespace: string, release: Release): Promise<Helm> {
    return new Helm(await Session.open(cluster, namespace, release), release);
  }

  describe('with everything that a chart can have', () => {
    const chart = `all ${CHARTS}/everything`;
    let helms: Helm[];
    before(async () => {
      helms = await Promise.all(HELMS.map((release) => open(`helm-${release.replace('.', '-')}`, release)));
    });

    /** With every Helm at once, each in a namespace of its own. */
    function each(what: string, test: (helm: Helm, session: Session) => Promise<void>): void {
      it(what, async () => {
        await Promise.all(helms.map((helm) => test(helm, helm.session)));
      });
    }

    each('refuses values that the schema does not allow, before anything is sent', async (helm, session) => {
      assert.match(await helm.fail(`install ${chart} --set replicas=few`), /replicas.*got string, want integer/s);
      assert.equal(await session.run('get secrets -o name'), '');
    });

    each('tries on the server without leaving anything', async (helm, session) => {
      const text = await helm.run(`install ${chart} --dry-run=server`);
      assert.match(text, /kubernetes: v1\.35\./);
      assert.equal(await session.run('get secrets,deployments -o name'), '');
    });

    each('installs: definitions, hooks in their order, and what is ready', async (helm, session) => {
      const told = await helm.run(`install ${chart} ${WAIT} --set tags.more=true --labels=by=test`);
      assert.match(told, /all-everything has 1 replicas in helm-1-\d+, revision 1\./);
      assert.equal(await session.field('deployment all-everything', '.status.readyReplicas'), '1');
      assert.match(
        await session.run('get gizmos --no-headers'),
        /^all-everything-large +2\nall-everything-small +1\n$/,
      );
      assert.equal(await session.field('gizmo all-everything-small', '.spec.colour'), 'grey');
      assert.equal(await session.field('configmap all-everything', '.data.imported'), 'handed-up');
      assert.equal(await session.field('configmap all-everything', '.data.colour-1'), 'GREEN');
      await session.run('get configmap all-second');
      // The first of two before the installation is gone again after them.
      await assertHooks(session, { 'pre-install': 'of revision 1 after 1', 'post-install': 'of revision 1' });
      assert.match(await session.fail('get configmap all-everything-before'), /not found/);
      assert.equal(await session.field('secret -l owner=helm', '.items[*].metadata.labels.by'), 'test');
    });

    each(
      'makes of files, of charts within it and of what the cluster can do what it asks for',
      async (_helm, session) => {
        const data = JSON.parse(await session.field('configmap all-everything', '.data')) as Record<string, string>;
        assert.equal(data['plain']?.trim(), 'from a file');
        assert.equal(data['settings.yaml']?.trim(), 'key: value');
        assert.equal(data['deployments'], 'true');
        assert.match(data['kubernetes'] ?? '', /^v1\.35\./);
        for (const name of ['all-everything', 'all-greeter', 'all-second']) {
          assert.equal(await session.field(`configmap ${name}`, '.data.team'), 'testers');
        }
        const labels =
          'app.kubernetes.io/name=everything,app.kubernetes.io/instance=all,app.kubernetes.io/managed-by=Helm';
        assert.equal(await session.run(`get deployments -l ${labels} -o name`), 'deployment.apps/all-everything\n');
      },
    );

    each('tells what there is', async (helm) => {
      assert.match(await helm.run('list'), /^all\s+helm-1-\d+\s+1\s.*deployed\s+everything-1\.0\.0\s+1/m);
      assert.match(await helm.run('status all'), /==> v1\/Pod\(related\)\nNAME .*\nall-everything-\S+ +1\/1 +Running/);
      assert.match(await helm.run('get manifest all'), /^kind: Gizmo$/m);
      assert.match(await helm.run('get hooks all'), /helm\.sh\/hook: post-rollback/);
      assert.match(await helm.run('get values all --all'), /^ {2}team: testers$/m);
    });

    each('tests', async (helm) => {
      assert.match(await helm.run('test all --logs'), /Phase: +Succeeded[^]*Hello from all/);
    });

    each('upgrades: what changed is replaced, what is gone is removed, what was made stays', async (helm, session) => {
      const password = await session.field('secret all-everything-generated', '.data.password');
      await helm.run(`upgrade ${chart} ${WAIT} --set image=${IMAGES.hello2},replicas=2,gizmos.large=null`);
      assert.equal(await session.field('deployment all-everything', '.status.readyReplicas'), '2');
      assert.equal(await session.run('get gizmos -o name'), 'gizmo.charts.dure.test/all-everything-small\n');
      assert.match(await session.fail('get configmap all-second'), /not found/);
      assert.equal(await session.field('secret all-everything-generated', '.data.password'), password);
      await assertHooks(session, { 'pre-upgrade': 'of revision 2 after 2', 'post-upgrade': 'of revision 2' });
    });

    each('takes a failed upgrade back by itself', async (helm, session) => {
      const failing = `upgrade ${chart} --set failing=true,replicas=1 --rollback-on-failure --timeout=5s`;
      assert.match(await helm.fail(failing), /has been rolled back due to rollback-on-failure/);
      const expected = ['1 superseded', '2 superseded', '3 failed', '4 deployed'];
      assert.deepEqual(await helm.history('all'), expected);
      assert.equal(await session.field('deployment all-everything', '.spec.replicas'), '2');
    });

    each('is told of conflicts with others, and forces its way', async (helm, session) => {
      const scaled = 'apply --server-side --field-manager=scaler --force-conflicts -f -';
      const deployment = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'all-everything' } };
      await session.run(scaled, JSON.stringify({ ...deployment, spec: { replicas: 1 } }));
      const upgrade = `upgrade ${chart} --set replicas=2`;
      assert.match(await helm.fail(upgrade), /conflict with "scaler".*\.spec\.replicas/);
      await helm.run(`${upgrade} --force-conflicts`);
      assert.equal(await session.field('deployment all-everything', '.spec.replicas'), '2');
    });

    each('goes back, and from one way of applying to the other', async (helm, session) => {
      await helm.run(`rollback all 1 ${WAIT}`);
      await assertHooks(session, { 'pre-rollback': 'of revision 1', 'post-rollback': 'of revision 1' });
      const before = await session.field('deployment all-everything', CHECKSUM);
      assert.equal(await session.field('deployment all-everything', '.spec.replicas'), '1');
      assert.equal((await session.run('get gizmos -o name')).trim().split('\n').length, 2);
      await helm.run(`upgrade ${chart} --server-side=false --set colours={blue} ${WAIT}`);
      assert.equal(await session.field('configmap all-everything', '.data.colour-1'), '');
      const after = await session.field('deployment all-everything', CHECKSUM);
      assert.ok(before && after && before !== after, 'other settings make other pods');
      await helm.run(
        `upgrade ${chart} --server-side=true --reuse-values --set replicas=1,greeter.enabled=false ${WAIT}`,
      );
      assert.match(await session.fail('get configmap all-greeter'), /not found/);
      assert.equal(await session.field('configmap all-everything', '.data.colour-0'), 'BLUE');
    });

    each('uninstalls all but what is to be kept', async (helm, session) => {
      assert.match(
        await helm.run(`uninstall all ${WAIT}`),
        /secret.*all-everything-generated|release "all" uninstalled/i,
      );
      assert.equal(await session.run('get deployments,services,gizmos -o name'), '');
      assert.match(await session.run('logs all-everything-pre-delete'), /^pre-delete of revision \d+\n$/);
      await session.run('get secret all-everything-generated');
      await session.run('get crd gizmos.charts.dure.test');
      assert.equal((await helm.run('list')).trim().split('\n').length, 1);
    });
  });

  it('installs a database and waits for its pods, and changes what may change', async () => {
    const helm = await open('helm-database', '1.35');
    const { session } = helm;
    await helm.run(`install db ${CHARTS}/database --set storage= ${WAIT}`);
    await helm.run(`upgrade db ${CHARTS}/database --set storage=,replicas=3 ${WAIT}`);
    assert.equal(await session.field('statefulset db', '.status.readyReplicas'), '3');
    assert.equal(await session.field('pdb db', '.status.disruptionsAllowed'), '1');
    await helm.run(`uninstall db ${WAIT}`);
    assert.equal(await session.run('get statefulsets,networkpolicies,cronjobs,pdb -o name'), '');
  });

  it('installs a database that keeps its data, also when it is installed anew', async () => {
    const helm = await open('helm-data', '1.36');
    const { session } = helm;
    await helm.run(`install db ${CHARTS}/database ${WAIT}`);
    assert.equal(await session.field('statefulset db', '.spec.volumeClaimTemplates[0].spec.volumeMode'), 'Filesystem');
    await session.run(['exec', 'db-1', '--', 'sh', '-c', 'echo "$POD_NAME" > /data/row']);
    await helm.run(`upgrade db ${CHARTS}/database --set replicas=3,password=other ${WAIT}`);
    assert.equal(await session.field('secret db', '.data.password'), Buffer.from('other').toString('base64'));
    const refused = await helm.fail(`upgrade db ${CHARTS}/database --set storage=2Gi`);
    assert.match(refused, /updates to statefulset spec for fields other than .* are forbidden/);
    await helm.run(`uninstall db ${WAIT}`);
    assert.deepEqual((await session.run('get pvc -o name')).trim().split('\n').length, 3);
    await helm.run(`install db ${CHARTS}/database ${WAIT}`);
    assert.equal(await session.run('exec db-1 -- cat /data/row'), 'db-1\n');
    await helm.run(`uninstall db ${WAIT}`);
    await session.run('delete pvc --all');
    await session.eventually(async () => {
      assert.ok(!(await session.run('get pv --no-headers')).includes(`${session.namespace}/`));
    });
  });

  it('installs a web application with its cache', async () => {
    const helm = await open('helm-web', '1.36');
    const { session } = helm;
    await helm.run(`upgrade --install shop ${CHARTS}/web ${WAIT}`);
    assert.equal(await session.field('deployment shop-web', '.status.availableReplicas'), '2');
    await helm.run(`upgrade shop ${CHARTS}/web ${WAIT} --set autoscaling=true,greeting=Welcome,cache.replicas=2`);
    assert.match(await session.run('get ingress,hpa --no-headers'), /shop[^]*Deployment\/shop-web/);
    await helm.run(`uninstall shop ${WAIT} --keep-history`);
    assert.deepEqual(await helm.history('shop'), ['1 superseded', '2 uninstalled']);
  });

  it('installs an operator with its definitions, and keeps them', async () => {
    const helm = await open('helm-operator', '1.35');
    const { session } = helm;
    await helm.run(`install ops ${CHARTS}/operator ${WAIT}`);
    assert.equal(
      await session.run('get backups --field-selector=spec.target=ops -o name'),
      'backup.operator.dure.test/nightly\n',
    );
    await session.run('scale backup nightly --replicas=3');
    assert.match(await session.fail('scale backup nightly --replicas=10'), /too many copies/);
    const asOperator = `--as=system:serviceaccount:${session.namespace}:ops`;
    assert.equal(await session.run(`auth can-i update backups/status ${asOperator}`), 'yes\n');
    await helm.run(`upgrade ops ${CHARTS}/operator ${WAIT} --set backups={nightly,weekly}`);
    assert.equal(await session.field('backups', '.items[*].metadata.name'), 'nightly weekly');
    await helm.run(`uninstall ops ${WAIT}`);
    await session.run('get crd backups.operator.dure.test');
    assert.equal(await session.run('get backups -o name'), '');
  });
});
