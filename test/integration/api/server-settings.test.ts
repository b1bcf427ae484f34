/** What the flags of `dure server` switch on, asked of the real program: each setting reaches the part that it is for. */
import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { SelfSubjectReview, TokenReview } from '../../../api/types/authentication.v1.ts';
import type { ConfigMap, ServiceAccount } from '../../../api/types/core.v1.ts';
import type { ClusterAccess } from '../../../lib/client/cluster.ts';
import { ApiError } from '../../../lib/client/errors.ts';
import { RestClient } from '../../../lib/client/rest.ts';
import { watch } from '../../../lib/client/watch.ts';
import { systemClock } from '../../../lib/clock.ts';
import { type JWK, SignJWT } from '../../../lib/jose.ts';
import { Issuer } from '../../support/oidc-issuer.ts';
import { adminAccess } from '../../support/raw-requests.ts';
import { ServerHost } from '../../support/server-process.ts';

const NAMESPACE = '/api/v1/namespaces/default';
const MAPS = `${NAMESPACE}/configmaps`;
const RBAC = '/apis/rbac.authorization.k8s.io/v1/namespaces/default';
const SELF = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
const EVENTS = 20;

const LIMITS = `
apiVersion: apiserver.config.k8s.io/v1
kind: AdmissionConfiguration
plugins:
- name: EventRateLimit
  configuration:
    apiVersion: eventratelimit.admission.k8s.io/v1alpha1
    kind: Configuration
    limits: [{type: Server, qps: 1, burst: 1}]
`;
const POLICY = `
apiVersion: audit.k8s.io/v1
kind: Policy
rules: [{level: Metadata, users: [eve], resources: [{group: "", resources: [configmaps]}]}]
`;

function isRefusal(error: unknown, code: number, words: RegExp): boolean {
  return error instanceof ApiError && error.code === code && words.test(error.message);
}

function event(index: number): object {
  const regarding = { kind: 'Pod', namespace: 'default', name: 'p' };
  return { metadata: { name: `e${index}`, namespace: 'default' }, involvedObject: regarding, reason: 'Test' };
}

describe('the settings of dure server', function () {
  this.timeout(90_000);
  let host: ServerHost;
  let auditLog: string;
  let admin: RestClient;
  let eve: RestClient;
  let anybody: ClusterAccess;
  let issuer: Issuer;
  let formerKey: KeyObject;

  const clientOf = (access: ClusterAccess): RestClient =>
    new RestClient({ access, clock: systemClock, userAgent: 'test' });

  before(async function () {
    if (process.getuid?.() !== 0) this.skip();
    host = await ServerHost.make();
    const file = async (name: string, text: string): Promise<string> => {
      const place = path.join(host.dataDir, name);
      await writeFile(place, text);
      return place;
    };
    issuer = await Issuer.start(host.outside);
    await issuer.addKey('one');
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    formerKey = privateKey;
    const former = privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
    auditLog = path.join(host.dataDir, 'audit.log');
    const server = host.run(
      `--token-auth-file=${await file('users.csv', 'opensesame,eve,7,"testers"\n')}`,
      `--admission-control-config-file=${await file('admission.yaml', LIMITS)}`,
      `--audit-policy-file=${await file('audit.yaml', POLICY)}`,
      `--audit-log-path=${auditLog}`,
      '--enable-admission-plugins=OwnerReferencesPermissionEnforcement',
      `--service-account-key-file=${await file('former.key', former)}`,
      `--oidc-issuer-url=${issuer.url}`,
      '--oidc-client-id=dure',
      '--oidc-username-claim=email',
      '--oidc-username-prefix=corp:',
      '--oidc-groups-claim=roles',
      '--oidc-groups-prefix=corp:',
      '--oidc-required-claim=hd=example.com',
      '--oidc-signing-algs=ES256',
      `--oidc-ca-file=${await file('issuer.crt', issuer.authority.certificate)}`,
    );
    await server.ready();
    const access = await adminAccess({ kubeconfig: path.join(host.dataDir, 'pki', 'admin.kubeconfig') });
    const { client: _certificate, ...open } = access;
    anybody = open;
    admin = clientOf(access);
    eve = clientOf({ ...anybody, token: 'opensesame' });
    // The server makes the namespace once it leads.
    const named = { query: { fieldSelector: 'metadata.name=default' } };
    for await (const { type } of watch(admin, '/api/v1/namespaces', named)) if (type === 'ADDED') break;
    const rules = [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'create', 'update'] }];
    await admin.create(`${RBAC}/roles`, { metadata: { name: 'writer' }, rules });
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'writer' };
    const subjects = [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'testers' }];
    await admin.create(`${RBAC}/rolebindings`, { metadata: { name: 'writer' }, roleRef, subjects });
  });

  after(async () => {
    admin?.close();
    eve?.close();
    await issuer?.stop();
    await host?.remove();
  });

  /** The role is known to who authorizes a moment after it is written. */
  async function mapOfEve(name: string): Promise<ConfigMap> {
    for (let tries = 0; tries < 100; tries += 1) {
      try {
        return await eve.create<ConfigMap>(MAPS, { metadata: { name } });
      } catch (error) {
        if (!isRefusal(error, 403, /User "eve" cannot create/)) throw error;
      }
    }
    throw new Error('it was never allowed');
  }

  it('know the users of the token file, and note what the audit policy names', async () => {
    const { metadata } = await mapOfEve('noted');
    assert.equal(metadata.namespace, 'default');
    await admin.create(MAPS, { metadata: { name: 'not-noted' } });
    const lines = (await readFile(auditLog, 'utf8')).trimEnd().split('\n');
    const noted = lines.map((line) => JSON.parse(line) as { user: unknown; requestURI: string; verb: string });
    const { user, requestURI, verb } = noted.at(-1) ?? assert.fail('nothing is noted');
    assert.deepEqual(user, { username: 'eve', uid: '7', groups: ['testers', 'system:authenticated'] });
    assert.deepEqual([requestURI, verb], [MAPS, 'create']);
  });

  /** Who that is. Rejects with what the server says. */
  async function whoIs(token: string): Promise<unknown> {
    const client = clientOf({ ...anybody, token });
    try {
      const question = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
      return (await client.create<SelfSubjectReview>(SELF, question)).status.userInfo;
    } finally {
      client.close();
    }
  }

  it('know the users of an issuer by its tokens, and by no others', async () => {
    const claims = { email: 'jane@example.com', email_verified: true, roles: ['devs', 'ops'], hd: 'example.com' };
    const token = (changes: object = {}): Promise<string> => issuer.sign(systemClock, { ...claims, ...changes });
    assert.deepEqual(await whoIs(await token()), {
      username: 'corp:jane@example.com',
      groups: ['corp:devs', 'corp:ops', 'system:authenticated'],
    });
    const now = Math.floor(Date.now() / 1000);
    const refused = {
      'for another audience': { aud: 'another' },
      'that has ended': { iat: now - 700, exp: now - 100 },
      'without a claim that is required': { hd: undefined },
      'with another value of it': { hd: 'example.org' },
      'with an address that nobody has proven': { email_verified: false },
      'of another issuer': { iss: 'https://issuer.invalid' },
    };
    for (const [what, changes] of Object.entries(refused)) {
      const made = await token(changes);
      await assert.rejects(whoIs(made), (error) => isRefusal(error, 401, /^Unauthorized$/), `a token ${what}`);
    }
    const [head, body] = (await token()).split('.');
    await assert.rejects(whoIs(`${head}.${body}.AAAA`), (error) => isRefusal(error, 401, /./));
    const review = { metadata: {}, spec: { token: await token() } };
    const { status } = await admin.create<TokenReview>('/apis/authentication.k8s.io/v1/tokenreviews', review);
    assert.deepEqual([status.authenticated, status.user?.username], [true, 'corp:jane@example.com']);
  });

  it('know tokens of service accounts by further keys, and publish all keys', async () => {
    const { keys } = await admin.get<{ keys: JWK[] }>('/openid/v1/jwks');
    assert.equal(keys.length, 2);
    const kid = keys[1]?.kid ?? '';
    const { uid } = (
      await admin.create<ServiceAccount>(`${NAMESPACE}/serviceaccounts`, { metadata: { name: 'robot' } })
    ).metadata;
    const { issuer: iss } = await admin.get<{ issuer: string }>('/.well-known/openid-configuration');
    const now = Math.floor(Date.now() / 1000);
    const claims = {
      iss,
      aud: [iss],
      sub: 'system:serviceaccount:default:robot',
      iat: now,
      nbf: now,
      exp: now + 600,
      'kubernetes.io': { namespace: 'default', serviceaccount: { name: 'robot', uid } },
    };
    const token = await new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid }).sign(formerKey);
    const user = (await whoIs(token)) as { username: string };
    assert.equal(user.username, 'system:serviceaccount:default:robot');
  });

  it('limit events', async () => {
    const posts = Array.from({ length: EVENTS }, (_, index) => admin.create(`${NAMESPACE}/events`, event(index)));
    const failures = (await Promise.allSettled(posts)).filter((result) => result.status === 'rejected');
    assert.notEqual(failures.length, 0, 'none was refused');
    for (const { reason } of failures) assert.ok(isRefusal(reason, 429, /limit reached/), String(reason));
  });

  it('ask for the right to delete what is given an owner', async () => {
    const owner = await mapOfEve('owner');
    const owned = await mapOfEve('owned');
    const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid: owner.metadata.uid }];
    const metadata = { ...owned.metadata, ownerReferences };
    await assert.rejects(eve.update(`${MAPS}/owned`, { ...owned, metadata }), (error) =>
      isRefusal(error, 403, /cannot set an ownerRef on a resource you can't delete/),
    );
    await admin.update(`${MAPS}/owned`, { ...owned, metadata });
  });
});
