/** The real kubectl: certificates are asked for, approved and used; tokens are kept in secrets. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createSigningRequest } from '../../lib/certificates.ts';
import { TestCluster } from '../support/cluster.ts';
import { manifest } from '../support/manifests.ts';
import { Session } from '../support/session.ts';

describe('kubectl on who is who', function () {
  this.timeout(90_000);
  let cluster: TestCluster;
  let session: Session;
  let directory: string;
  before(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'dure-identity-'));
    cluster = await TestCluster.start({ nodes: 0 });
    session = await Session.open(cluster, 'identity');
  });
  after(async () => {
    await cluster?.stop();
    await rm(directory, { recursive: true, force: true });
  });

  async function ask(name: string, spec: object = {}): Promise<string> {
    const { key, request } = await createSigningRequest({ commonName: name, organizations: ['devs'] });
    const encoded = Buffer.from(request).toString('base64');
    const wanted = { signerName: 'kubernetes.io/kube-apiserver-client', usages: ['client auth'], ...spec };
    const metadata = { name };
    const body = { apiVersion: 'certificates.k8s.io/v1', kind: 'CertificateSigningRequest', metadata };
    await session.run('create -f -', manifest({ ...body, spec: { request: encoded, ...wanted } }));
    return key;
  }

  /** The arguments by which kubectl is nobody but the holder of these. */
  async function as(...credentials: string[]): Promise<string[]> {
    const config = path.join(directory, 'nobody.kubeconfig');
    const text = await session.run('config view --raw --minify -o json');
    await writeFile(config, JSON.stringify({ ...(JSON.parse(text) as object), users: [] }));
    return [`--kubeconfig=${config}`, ...credentials];
  }

  it('asks for a certificate, approves it, and is who it names', async () => {
    const key = await ask('jane', { expirationSeconds: 3600 });
    assert.match(
      await session.run('get csr jane --no-headers'),
      /^jane +\S+ +kubernetes\.io\/kube-apiserver-client +kubernetes-admin +60m +Pending\n$/,
    );
    assert.match(await session.run('certificate approve jane'), /jane approved/);
    await session.eventually(async () => {
      assert.match(await session.run('get csr jane --no-headers'), / Approved,Issued\n$/);
    });
    const certificate = Buffer.from(await session.field('csr jane', '.status.certificate'), 'base64');
    const files = { key: path.join(directory, 'jane.key'), crt: path.join(directory, 'jane.crt') };
    await writeFile(files.key, key);
    await writeFile(files.crt, certificate);
    const jane = await as(`--client-certificate=${files.crt}`, `--client-key=${files.key}`);
    const who = await session.run(['auth', 'whoami', '-o', 'json', ...jane]);
    const { status } = JSON.parse(who) as { status: { userInfo: { username: string; groups: string[] } } };
    assert.deepEqual([status.userInfo.username, status.userInfo.groups], ['jane', ['devs', 'system:authenticated']]);
    assert.match(await session.fail(['get', 'secrets', ...jane]), /User "jane" cannot list resource "secrets"/);
  });

  it('denies one, and it stays denied', async () => {
    await ask('mary');
    await session.run('certificate deny mary');
    assert.match(await session.run('get csr mary --no-headers'), / Denied\n$/);
    assert.match(await session.fail('certificate approve mary'), /is already Denied/);
  });

  it('says what no signer signs', async () => {
    await ask('serving', { usages: ['server auth'] });
    await session.run('certificate approve serving');
    await session.eventually(async () => {
      assert.match(await session.run('get csr serving --no-headers'), / Approved,Failed\n$/);
    });
    assert.match(await session.field('csr serving', '.status.conditions[1].message'), /invalid usage/);
  });

  it('lets only those approve who may', async () => {
    await ask('third');
    const rules = '--verb=get,update --resource=certificatesigningrequests,certificatesigningrequests/approval';
    await session.run(`create clusterrole half ${rules}`);
    await session.run('create clusterrolebinding half --clusterrole=half --user=half');
    assert.match(
      await session.fail('certificate approve third --as=half'),
      /user not permitted to approve requests with signerName "kubernetes.io\/kube-apiserver-client"/,
    );
  });

  it('keeps a token in a secret for as long as its account is there', async () => {
    await session.run('create serviceaccount keeper');
    const annotations = { 'kubernetes.io/service-account.name': 'keeper' };
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'kept', annotations } };
    await session.apply(manifest({ ...secret, type: 'kubernetes.io/service-account-token' }));
    await session.eventually(async () => assert.notEqual(await session.field('secret kept', '.data.token'), ''));
    const token = Buffer.from(await session.field('secret kept', '.data.token'), 'base64').toString();
    const keeper = await as(`--token=${token}`);
    const who = await session.run(['auth', 'whoami', ...keeper]);
    assert.ok(who.includes(`system:serviceaccount:${session.namespace}:keeper`), who);
    await session.run('delete serviceaccount keeper');
    await session.eventually(async () => {
      assert.match(await session.fail('get secret kept'), /not found/);
    });
    assert.match(await session.fail(['auth', 'whoami', ...keeper]), /Unauthorized|logged in/);
  });

  it('is a service account by a token that it asked for', async () => {
    await session.run('create serviceaccount robot');
    const token = (await session.run('create token robot --duration=20m')).trim();
    const who = await session.run(['auth', 'whoami', ...(await as(`--token=${token}`))]);
    assert.match(who, /system:serviceaccounts/);
  });
});
