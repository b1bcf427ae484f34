/** The example of an operator, as two processes with its own rights, through a change of leader and a restart of the server. */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { TestCluster } from '../support/cluster.ts';
import { manifest } from '../support/manifests.ts';
import { Session } from '../support/session.ts';

const EXAMPLE = path.resolve(import.meta.dirname, '../../deploy/examples/operator');
const LEASE = 'lease greeting-operator -n default';

describe('the example of an operator', function () {
  this.timeout(90_000);
  let cluster: TestCluster;
  let session: Session;
  let directory: string;
  const operators = new Map<string, ChildProcess>();
  before(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'dure-operator-'));
    cluster = await TestCluster.start({ nodes: 0 });
    session = await Session.open(cluster, 'operator');
    await cluster.kubectl('apply', '-f', `${EXAMPLE}/definition.yaml`, '-f', `${EXAMPLE}/roles.yaml`);
    await session.wait('--for=condition=Established crd/greetings.examples.dure.internal');
    const env = { ...process.env, KUBECONFIG: await kubeconfig() };
    for (const name of ['one', 'two']) {
      const options = { env: { ...env, IDENTITY: name }, stdio: 'ignore' as const };
      operators.set(name, spawn('node', [`${EXAMPLE}/operator.ts`], options));
    }
  });
  after(async () => {
    for (const operator of operators.values()) operator.kill('SIGKILL');
    await cluster?.stop();
    await rm(directory, { recursive: true, force: true });
  });

  /** Of the operator's service account. */
  async function kubeconfig(): Promise<string> {
    const token = (await session.run('create token greeting-operator -n default')).trim();
    const admin = JSON.parse(await session.run('config view --raw --minify -o json')) as { users: { name: string }[] };
    const users = admin.users.map(({ name }) => ({ name, user: { token } }));
    const file = path.join(directory, 'operator.kubeconfig');
    await writeFile(file, JSON.stringify({ ...admin, users }));
    return file;
  }

  it('does what a greeting asks for, and says so', async () => {
    await session.apply(await readFile(`${EXAMPLE}/greeting.yaml`, 'utf8'));
    await session.wait('--for=condition=Ready greeting/hello');
    assert.equal(await session.field('configmap hello', '.data.greeting'), 'Hello\nHello');
    assert.match(await session.run('get greetings --no-headers'), /^hello +Hello +True\n$/);
    assert.equal(await session.field('greeting hello', '.metadata.finalizers[*]'), 'examples.dure.internal/config-map');
    const owners = await session.field('configmap hello', '.metadata.managedFields[*].manager');
    assert.equal(owners, 'greeting-operator');
  });

  it('hands the lead over', async () => {
    const leader = await session.field(LEASE, '.spec.holderIdentity');
    const other = leader === 'one' ? 'two' : 'one';
    const ended = once(operators.get(leader) ?? assert.fail(leader), 'exit');
    operators.get(leader)?.kill('SIGTERM');
    assert.deepEqual(await ended, [0, null]);
    await session.run(['wait', ...`--for=jsonpath={.spec.holderIdentity}=${other} ${LEASE} --timeout=30s`.split(' ')]);
    const second = { apiVersion: 'examples.dure.internal/v1', kind: 'Greeting', metadata: { name: 'second' } };
    await session.apply(manifest({ ...second, spec: { words: 'Once' } }));
    await session.wait('--for=condition=Ready greeting/second');
    assert.equal(await session.field('configmap second', '.data.greeting'), 'Once');
  });

  it('goes on after the server was away', async () => {
    await cluster.local.kill('server-1');
    await cluster.local.start('server-1');
    await session.eventually(async () => void (await session.run('get --raw /readyz')));
    await session.run(['patch', 'greeting', 'hello', '--type=merge', '-p', '{"spec":{"times":1}}']);
    await session.wait('--for=jsonpath={.status.observedGeneration}=2 greeting/hello');
    assert.equal(await session.field('configmap hello', '.data.greeting'), 'Hello');
  });

  it('cleans up before a greeting goes', async () => {
    await session.run('delete greeting hello second --timeout=60s');
    assert.match(await session.run('get configmaps -o name'), /^configmap\/kube-root-ca\.crt\n$/);
  });
});
