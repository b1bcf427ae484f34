/** Server-side apply over HTTP and by the real kubectl, and who owns what of an object after any other write. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { kinds } from '../../../api/kinds.ts';
import type { KubeObject } from '../../../api/object.ts';
import type { ManagedFieldsEntry, Status } from '../../../api/types/meta.v1.ts';
import { managedBy } from '../../../control-plane/registry/managed-by.ts';
import { TestServer } from '../../support/api-server.ts';
import { kubectl } from '../../support/kubectl.ts';
import { adminAccess, RawClient, type RawAnswer } from '../../support/raw-requests.ts';

const MAPS = '/api/v1/namespaces/default/configmaps';
const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments';
const PODS = '/api/v1/namespaces/default/pods';
const APPLY = 'application/apply-patch+yaml';

function map(data: Record<string, string>, metadata: object = {}): object {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'm', ...metadata }, data };
}

function deployment(spec: object = {}, container: object = {}): object {
  const labels = { app: 'd' };
  const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'x', ...container }] } };
  const full = { selector: { matchLabels: labels }, template, ...spec };
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'd' }, spec: full };
}

interface Owned extends KubeObject {
  data?: Record<string, string>;
  spec: { replicas?: number };
  status?: { conditions?: { type: string }[] };
}

describe('apply on the server', () => {
  let server: TestServer;
  let client: RawClient;

  before(async () => {
    server = await TestServer.start();
    client = new RawClient(await adminAccess(server));
  });
  after(async () => {
    client.close();
    await server.stop();
  });
  afterEach(async () => {
    for (const collection of [MAPS, DEPLOYMENTS, PODS]) await client.ask(collection, { method: 'DELETE' });
  });

  function send(method: string, url: string, type: string, body: unknown, agent = 'tester/1.0'): Promise<RawAnswer> {
    const headers = { 'content-type': type, 'user-agent': agent };
    return client.ask(url, { method, headers, body: typeof body === 'string' ? body : JSON.stringify(body) });
  }

  function apply(url: string, config: unknown, manager = 'one', more = ''): Promise<RawAnswer> {
    return send('PATCH', `${url}?fieldManager=${manager}${more}`, APPLY, config);
  }

  async function succeed(answering: Promise<RawAnswer>, code = 200): Promise<Owned> {
    const answer = await answering;
    assert.equal(answer.code, code, answer.text);
    return JSON.parse(answer.text) as Owned;
  }

  async function refused(answering: Promise<RawAnswer>, code: number): Promise<Status> {
    const answer = await answering;
    assert.equal(answer.code, code, answer.text);
    return JSON.parse(answer.text) as Status;
  }

  /** By name: how they are ordered depends on whether a second began between two writes. */
  function entriesOf({ metadata }: KubeObject): string[] {
    const entries = (metadata.managedFields ?? []).map(({ manager, operation, subresource, fieldsV1 }) =>
      [manager, operation, subresource ?? '-', JSON.stringify(fieldsV1)].join(' '),
    );
    return entries.sort();
  }

  describe('over HTTP', () => {
    it('creates with 201, changes with 200, and writes nothing when nothing changes', async () => {
      const made = await succeed(apply(`${MAPS}/m`, 'apiVersion: v1\nkind: ConfigMap\ndata: {b: "1", a: "1"}\n'), 201);
      assert.deepEqual(entriesOf(made), ['one Apply - {"f:data":{"f:a":{},"f:b":{}}}']);
      const [entry] = made.metadata.managedFields ?? [];
      assert.equal(entry?.apiVersion, 'v1');
      assert.match(entry?.time ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      const same = await succeed(apply(`${MAPS}/m`, map({ a: '1', b: '1' })));
      assert.equal(same.metadata.resourceVersion, made.metadata.resourceVersion);
      const changed = await succeed(apply(`${MAPS}/m`, map({ a: '2' })));
      assert.deepEqual(changed.data, { a: '2' });
    });

    it('creates and changes nothing on a dry run', async () => {
      const made = await succeed(apply(`${MAPS}/m`, map({ a: '1' }), 'one', '&dryRun=All'), 201);
      assert.deepEqual(made.data, { a: '1' });
      assert.equal((await client.ask(`${MAPS}/m`)).code, 404);
    });

    it('shares fields that two apply alike', async () => {
      const containers = '{"f:containers":{"k:{\\"name\\":\\"c\\"}":{".":{},"f:image":{},"f:name":{}}}}';
      const config = {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'p' },
        spec: { containers: [{ name: 'c', image: 'x' }] },
      };
      await succeed(apply(`${PODS}/p`, config), 201);
      const shared = await succeed(apply(`${PODS}/p`, config, 'two'));
      assert.deepEqual(
        entriesOf(shared),
        ['one', 'two'].map((name) => `${name} Apply - {"f:spec":${containers}}`),
      );
    });

    it('refuses to take what others own, with a cause for each field, unless it is forced', async () => {
      await succeed(apply(`${DEPLOYMENTS}/d`, deployment({ replicas: 1 })), 201);
      await succeed(
        send('PATCH', `${DEPLOYMENTS}/d`, 'application/merge-patch+json', { spec: { replicas: 5 } }, 'e2e.test/v1.35'),
      );
      const status = await refused(apply(`${DEPLOYMENTS}/d`, deployment({ replicas: 1 })), 409);
      assert.equal(status.reason, 'Conflict');
      assert.equal(
        status.message,
        'Apply failed with 1 conflict: conflict with "e2e.test" using apps/v1: .spec.replicas',
      );
      assert.deepEqual(status.details?.causes, [
        { reason: 'FieldManagerConflict', message: 'conflict with "e2e.test" using apps/v1', field: '.spec.replicas' },
      ]);
      const forced = await succeed(apply(`${DEPLOYMENTS}/d`, deployment({ replicas: 1 }), 'one', '&force=true'));
      assert.equal(forced.spec.replicas, 1);
      assert.equal((forced.metadata.managedFields ?? []).length, 1);
    });

    it('leaves what its applier gave up when somebody else has set it', async () => {
      await succeed(apply(`${DEPLOYMENTS}/d`, deployment({ replicas: 3 })), 201);
      await succeed(send('PATCH', `${DEPLOYMENTS}/d`, 'application/merge-patch+json', { spec: { replicas: 4 } }));
      assert.equal((await succeed(apply(`${DEPLOYMENTS}/d`, deployment()))).spec.replicas, 4);
    });

    it('goes back to the default when nobody has it any more', async () => {
      await succeed(apply(`${DEPLOYMENTS}/d`, deployment({ replicas: 3 })), 201);
      assert.equal((await succeed(apply(`${DEPLOYMENTS}/d`, deployment()))).spec.replicas, 1);
    });

    it('applies the status through its subresource alone', async () => {
      const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' } };
      await succeed(apply(`${PODS}/p`, { ...pod, spec: { containers: [{ name: 'c', image: 'x' }] } }), 201);
      const config = { ...pod, status: { conditions: [{ type: 'Mine', status: 'True' }] } };
      const through = await succeed(apply(`${PODS}/p`, config, 'two'));
      assert.ok(!through.status?.conditions?.some(({ type }) => type === 'Mine'));
      const applied = await succeed(apply(`${PODS}/p/status`, config, 'two'));
      assert.ok(applied.status?.conditions?.some(({ type }) => type === 'Mine'));
      assert.ok(
        entriesOf(applied).includes(
          'two Apply status {"f:status":{"f:conditions":{"k:{\\"type\\":\\"Mine\\"}":{".":{},"f:status":{},"f:type":{}}}}}',
        ),
      );
      await refused(apply(`${PODS}/none/status`, { ...config, metadata: {} }), 404);
    });

    it('applies a scale, whose owner then has the replicas', async () => {
      await succeed(apply(`${DEPLOYMENTS}/d`, deployment({ replicas: 1 })), 201);
      const scale = { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name: 'd' }, spec: { replicas: 2 } };
      const conflict = await refused(apply(`${DEPLOYMENTS}/d/scale`, scale, 'scaler'), 409);
      assert.equal(conflict.message, 'Apply failed with 1 conflict: conflict with "one": .spec.replicas');
      const scaled = await succeed(apply(`${DEPLOYMENTS}/d/scale`, scale, 'scaler', '&force=true'));
      assert.equal(scaled.kind, 'Scale');
      assert.equal(scaled.spec.replicas, 2);
      const live = await succeed(client.ask(`${DEPLOYMENTS}/d`));
      assert.ok(entriesOf(live).includes('scaler Apply scale {"f:spec":{"f:replicas":{}}}'));
      await succeed(
        send('PUT', `${DEPLOYMENTS}/d/scale`, 'application/json', { ...scale, spec: { replicas: 3 } }, 'hpa/1'),
      );
      const after = await refused(apply(`${DEPLOYMENTS}/d`, deployment({ replicas: 1 })), 409);
      assert.match(
        after.message ?? '',
        /conflict with "hpa" with subresource "scale" using apps\/v1: \.spec\.replicas$/,
      );
      await refused(apply(`${DEPLOYMENTS}/d/scale`, deployment(), 'scaler'), 400);
    });

    it('asks for a manager, and for force with apply alone', async () => {
      const unnamed = await refused(send('PATCH', `${MAPS}/m`, APPLY, map({})), 422);
      assert.match(unnamed.message ?? '', /fieldManager: Required value: is required for apply patch$/);
      const long = await refused(apply(`${MAPS}/m`, map({}), 'x'.repeat(129)), 422);
      assert.match(long.message ?? '', /fieldManager: Too long: may not be more than 128 bytes$/);
      await refused(apply(`${MAPS}/m`, map({}), '%01'), 422);
      const forced = await refused(send('PATCH', `${MAPS}/m?force=true`, 'application/merge-patch+json', {}), 422);
      assert.match(forced.message ?? '', /force: Forbidden: may not be specified for non-apply patch$/);
    });

    it('refuses what is no configuration of the object', async () => {
      const cases: [unknown, RegExp][] = [
        ['[1]', /^error decoding patch: the configuration to apply is not an object$/],
        ['a: [', /^error converting YAML to JSON: yaml: line 1/],
        [{ ...map({}), kind: 'Secret' }, /^invalid object type: \/v1, Kind=Secret$/],
        [{ data: {} }, /^invalid object type: /],
        [map({}, { name: 'other' }), /does not match the name on the URL/],
        [map({}, { namespace: 'other' }), /the namespace of the provided object does not match/],
        [map({}, { managedFields: [{}] }), /^metadata\.managedFields must be nil$/],
        [{ ...map({}), unknownField: 1 }, /\.unknownField: field not declared in schema$/],
        [map({ a: 1 as unknown as string }), /cannot unmarshal number/],
        [map({}, { finalizers: ['x/a', 'x/a'] }), /\.metadata\.finalizers: duplicate entries for key \[="x\/a"\]$/],
      ];
      for (const [config, message] of cases) {
        const status = await refused(apply(`${MAPS}/m`, config), 400);
        assert.match(status.message ?? '', message);
      }
      assert.equal((await client.ask(`${MAPS}/m`)).code, 404);
    });

    it('tells where a key stands twice', async () => {
      const config = '\napiVersion: v1\nkind: ConfigMap\ndata:\n  foo: "1"\n  foo: "2"\n';
      const status = await refused(apply(`${MAPS}/m`, config, 'one', '&fieldValidation=Strict'), 400);
      assert.match(status.message ?? '', /^error strict decoding patch: .*line 6: key "foo" already set in map$/s);
      const answer = await apply(`${MAPS}/m`, config, 'one', '&fieldValidation=Warn');
      assert.match(String(answer.headers['warning']), /line 6: key \\?"foo\\?" already set in map/);
    });

    it('keeps to the uid and the version that a configuration names', async () => {
      const missing = await refused(apply(`${MAPS}/m`, map({}, { uid: 'x' })), 409);
      assert.match(
        missing.message ?? '',
        /uid mismatch: the provided object specified uid x, and no existing object was found$/,
      );
      const made = await succeed(apply(`${MAPS}/m`, map({ a: '1' })), 201);
      await refused(apply(`${MAPS}/m`, map({ a: '2' }, { uid: 'x' })), 409);
      await refused(apply(`${MAPS}/m`, map({ a: '2' }, { resourceVersion: '1' })), 409);
      const { uid, resourceVersion } = made.metadata;
      assert.deepEqual((await succeed(apply(`${MAPS}/m`, map({ a: '2' }, { uid, resourceVersion })))).data, { a: '2' });
    });

    it('puts writers down by their name, or by what their program is called', async () => {
      await succeed(send('POST', MAPS, 'application/json', map({ a: '1' }), 'kubectl/v1.35 (linux)'), 201);
      const named = await succeed(
        send('PUT', `${MAPS}/m?fieldManager=editor`, 'application/json', map({ a: '1', b: '2' })),
      );
      // Whoever wrote in an earlier second comes first, and otherwise it goes by names.
      assert.deepEqual(entriesOf(named).toSorted(), [
        'editor Update - {"f:data":{"f:b":{}}}',
        'kubectl Update - {"f:data":{".":{},"f:a":{}}}',
      ]);
      const put = await succeed(send('PUT', `${MAPS}/m`, 'application/json', map({ a: '1', b: '2' }), ''));
      assert.equal(put.metadata.resourceVersion, named.metadata.resourceVersion);
    });

    it('takes away who owns what on demand', async () => {
      const patch = (managedFields: object[]): Promise<Owned> =>
        succeed(send('PATCH', `${MAPS}/m`, 'application/merge-patch+json', { metadata: { managedFields } }));
      for (const reset of [[], [{}]]) {
        await succeed(apply(`${MAPS}/m`, map({ a: '1' })), 201);
        assert.equal((await patch(reset)).metadata.managedFields, undefined);
        await client.ask(`${MAPS}/m`, { method: 'DELETE' });
      }
      await succeed(apply(`${MAPS}/m`, map({ a: '1' })), 201);
      const json = [{ op: 'replace', path: '/metadata/managedFields', value: [{}] }];
      const bare = await succeed(send('PATCH', `${MAPS}/m`, 'application/json-patch+json', json));
      assert.equal(bare.metadata.managedFields, undefined);
    });

    it('puts the parts of the control plane down by their names', async () => {
      const maps = managedBy(server.registry, 'dure-controllers').resource(kinds.configmaps);
      await maps.create({ metadata: { name: 'm', namespace: 'default' }, data: { a: '1' } });
      const status = await refused(apply(`${MAPS}/m`, map({ a: '2' })), 409);
      assert.match(status.message ?? '', /conflict with "dure-controllers" using v1: \.data\.a$/);
    });

    it('is seen by who asks for metadata alone', async () => {
      await succeed(apply(`${MAPS}/m`, map({ a: '1' })), 201);
      const accept = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';
      const partial = await succeed(client.ask(`${MAPS}/m`, { headers: { accept } }));
      assert.equal(partial.kind, 'PartialObjectMetadata');
      assert.deepEqual(entriesOf(partial), ['one Apply - {"f:data":{"f:a":{}}}']);
    });

    it('is told of by the description of the API', async () => {
      const { text } = await client.ask('/openapi/v3/api/v1');
      assert.match(text, /"application\/apply-patch\+yaml"/);
    });
  });

  describe('by kubectl', () => {
    let directory: string;
    before(async () => {
      directory = await mkdtemp(path.join(tmpdir(), 'dure-apply-'));
    });
    after(() => rm(directory, { recursive: true, force: true }));

    async function run(args: string, config?: object): Promise<{ code: number; stdout: string; stderr: string }> {
      const file = path.join(directory, 'config.json');
      if (config) await writeFile(file, JSON.stringify(config));
      return kubectl(server.kubeconfig, [...args.split(' '), ...(config ? ['-f', file] : [])]);
    }

    async function ok(args: string, config?: object): Promise<string> {
      const { code, stdout, stderr } = await run(args, config);
      assert.equal(code, 0, `${args}: ${stderr}`);
      return stdout;
    }

    async function fields(): Promise<ManagedFieldsEntry[]> {
      const object = JSON.parse(await ok('get configmap m -o json --show-managed-fields')) as KubeObject;
      return object.metadata.managedFields ?? [];
    }

    it('applies, conflicts and forces', async () => {
      assert.equal(await ok('apply --server-side', map({ a: '1' })), 'configmap/m serverside-applied\n');
      assert.equal(await ok('apply --server-side', map({ a: '1' })), 'configmap/m serverside-applied\n');
      const conflict = await run('apply --server-side --field-manager=other', map({ a: '2' }));
      assert.equal(conflict.code, 1);
      assert.match(conflict.stderr, /^error: Apply failed with 1 conflict: conflict with "kubectl": \.data\.a\n/);
      assert.match(conflict.stderr, /--force-conflicts/);
      await ok('apply --server-side --field-manager=other --force-conflicts', map({ a: '2' }));
      assert.deepEqual(
        (await fields()).map(({ manager, operation }) => `${manager} ${operation}`),
        ['other Apply'],
      );
      assert.doesNotMatch(await ok('get configmap m -o yaml'), /managedFields/);
      assert.match(await ok('get configmap m -o yaml --show-managed-fields'), /manager: other/);
    });

    it('takes over what it applied on the client before', async () => {
      await ok('apply', map({ a: '1', b: '1' }));
      assert.deepEqual(
        (await fields()).map(({ manager }) => manager),
        ['kubectl-client-side-apply'],
      );
      await ok('apply --server-side', map({ a: '2' }));
      const data = JSON.parse(await ok('get configmap m -o jsonpath={.data}')) as object;
      assert.deepEqual(data, { a: '2' });
      assert.deepEqual(
        (await fields()).map(({ manager, operation }) => `${manager} ${operation}`),
        ['kubectl Apply', 'kubectl-last-applied Apply'],
      );
      assert.match(await ok('apply view-last-applied configmap m -o json'), /"a": "2"/);
      assert.equal(await ok('apply', map({ a: '3' })), 'configmap/m configured\n');
    });

    it('compares with what is there', async () => {
      await ok('apply --server-side', map({ a: '1' }));
      const diff = await run('diff --server-side', map({ a: '2' }));
      assert.equal(diff.code, 1, diff.stderr);
      assert.match(diff.stdout, /^\+ {2}a: "2"$/m);
      assert.equal((await run('diff --server-side', map({ a: '1' }))).code, 0);
    });
  });
});
