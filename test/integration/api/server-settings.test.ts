/** What the flags of `dure server` switch on, asked of the real program: each setting reaches the part that it is for. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { ConfigMap } from '../../../api/schema/types/core.v1.ts';
import type { ClusterAccess } from '../../../lib/client/cluster.ts';
import { ApiError } from '../../../lib/client/errors.ts';
import { RestClient } from '../../../lib/client/rest.ts';
import { watch } from '../../../lib/client/watch.ts';
import { systemClock } from '../../../lib/clock.ts';
import { adminAccess } from '../../support/raw-requests.ts';
import { ServerHost } from '../../support/server-process.ts';

const NAMESPACE = '/api/v1/namespaces/default';
const MAPS = `${NAMESPACE}/configmaps`;
const RBAC = '/apis/rbac.authorization.k8s.io/v1/namespaces/default';
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

  before(async function () {
    if (process.getuid?.() !== 0) this.skip();
    host = await ServerHost.make();
    const file = async (name: string, text: string): Promise<string> => {
      const place = path.join(host.dataDir, name);
      await writeFile(place, text);
      return place;
    };
    auditLog = path.join(host.dataDir, 'audit.log');
    const server = host.run(
      `--token-auth-file=${await file('users.csv', 'opensesame,eve,7,"testers"\n')}`,
      `--admission-control-config-file=${await file('admission.yaml', LIMITS)}`,
      `--audit-policy-file=${await file('audit.yaml', POLICY)}`,
      `--audit-log-path=${auditLog}`,
      '--enable-admission-plugins=OwnerReferencesPermissionEnforcement',
    );
    await server.ready();
    const access = await adminAccess({ kubeconfig: path.join(host.dataDir, 'pki', 'admin.kubeconfig') });
    const { client: _certificate, ...anybody } = access;
    const clientOf = (as: ClusterAccess): RestClient =>
      new RestClient({ access: as, clock: systemClock, userAgent: 'test' });
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
