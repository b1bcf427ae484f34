/** What can be done with every kind, done with every kind: the same walk that clients of each of them take. */
import assert from 'node:assert/strict';
import { apiVersionOf, type Kind, kinds } from '../../../api/kinds.ts';
import type { KubeObject } from '../../../api/object.ts';
import type { APIResourceList } from '../../../api/types/meta.v1.ts';
import { TestServer } from '../../support/api-server.ts';
import { type MinimalObjects, minimalObjects } from '../../support/minimal-objects.ts';
import { adminAccess, RawClient } from '../../support/raw-requests.ts';

const JSON_TYPE = 'application/json';
const MERGE = 'application/merge-patch+json';

interface List {
  readonly metadata: { readonly resourceVersion: string };
  readonly items: readonly KubeObject[];
}

interface Event {
  readonly type: string;
  readonly object: KubeObject;
}

/** Kinds whose objects have names of a form of their own. */
const NAMES: Partial<Record<keyof typeof kinds, string>> = {
  apiservices: 'v1.walk.example.com',
  customresourcedefinitions: 'walks.walk.example.com',
  ipaddresses: '10.200.0.1',
};
const AT_ONCE = 'gracePeriodSeconds=0&propagationPolicy=Background';

const ROWS = Object.entries(kinds) as [keyof typeof kinds, Kind][];

describe('the operations of every kind', () => {
  let server: TestServer;
  let client: RawClient;
  let objects: MinimalObjects;
  /** All are under way at once, as each of them waits for a watch to end. What came of it, by the kind's key. */
  const walks = new Map<string, Promise<unknown>>();

  before(async () => {
    server = await TestServer.start();
    client = new RawClient(await adminAccess(server));
    objects = await minimalObjects();
    for (const [key, kind] of ROWS)
      walks.set(
        key,
        walk(key, kind).catch((error: unknown) => error),
      );
  });
  after(async () => {
    client.close();
    await server.stop();
  });

  const ask = async <T>(method: string, path: string, code: number, body?: object, type = JSON_TYPE): Promise<T> => {
    const sent = body ? { body: JSON.stringify(body), headers: { 'content-type': type } } : {};
    const answer = await client.ask(path, { method, ...sent });
    assert.equal(answer.code, code, `${method} ${path}: ${answer.text}`);
    return JSON.parse(answer.text) as T;
  };

  const watched = async (path: string): Promise<string> => {
    const { text } = await client.ask(path);
    const events = text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Event);
    return events.map(({ type, object }) => `${type} ${object.metadata.name}`).join(', ');
  };

  const walk = async (key: keyof typeof kinds, kind: Kind): Promise<void> => {
    const root = kind.group === '' ? '/api/v1' : `/apis/${kind.group}/${kind.version}`;
    const collection = `${root}${kind.namespaced ? '/namespaces/default' : ''}/${kind.plural}`;
    const name = NAMES[key] ?? `walk-${ROWS.findIndex(([row]) => row === key)}`;
    const object = {
      ...objects[key],
      apiVersion: apiVersionOf(kind),
      kind: kind.kind,
      metadata: { name, labels: { walk: key } },
    };
    const path = `${collection}/${name}`;
    const selected = `${collection}?labelSelector=walk%3D${key}`;

    const { resources } = await ask<APIResourceList>('GET', root, 200);
    const served = resources.map((resource) => resource.name);
    assert.ok(served.includes(kind.plural), 'discovery');
    assert.equal(served.includes(`${kind.plural}/status`), kind.status);

    const made = await ask<KubeObject>('POST', collection, 201, object);
    assert.ok(made.metadata.uid, 'a uid');
    await ask('POST', collection, 409, object);
    assert.deepEqual(await ask('GET', path, 200), made);
    const list = await ask<List>('GET', selected, 200);
    assert.deepEqual(
      list.items.map(({ metadata }) => metadata.uid),
      [made.metadata.uid],
    );

    const patched = await ask<KubeObject>('PATCH', path, 200, { metadata: { annotations: { walk: '1' } } }, MERGE);
    const change = (version: string | undefined): object => ({
      ...patched,
      metadata: { ...patched.metadata, resourceVersion: version, annotations: { walk: '2' } },
    });
    await ask('PUT', path, 409, change(made.metadata.resourceVersion));
    const updated = await ask<KubeObject>('PUT', path, 200, change(patched.metadata.resourceVersion));
    assert.equal(updated.metadata.annotations?.['walk'], '2');
    if (kind.status) await walkStatus(path, kind);
    if (kind.scale) await walkScale(path);

    const since = `resourceVersion=${list.metadata.resourceVersion}&watch=1&timeoutSeconds=1`;
    assert.match(await watched(`${selected}&${since}`), new RegExp(`^MODIFIED ${name}, MODIFIED ${name}`));
    await ask('DELETE', `${path}?${AT_ONCE}`, 200);
    await gone(path);
    if (!kind.verbs.includes('deletecollection')) return;
    await ask('POST', collection, 201, object);
    await ask('DELETE', `${selected}&${AT_ONCE}`, 200);
    await gone(path);
  };

  const walkStatus = async (path: string, kind: Kind): Promise<void> => {
    const before = await ask<KubeObject & { status?: object }>('GET', `${path}/status`, 200);
    const change = { metadata: { annotations: { status: '1' } } };
    const patched = await ask<KubeObject>('PATCH', `${path}/status`, 200, change, MERGE);
    assert.equal(patched.kind, kind.kind);
    const next = await ask<KubeObject>('PUT', `${path}/status`, 200, patched);
    assert.deepEqual((next as typeof before).status, before.status);
  };

  const walkScale = async (path: string): Promise<void> => {
    const scale = await ask<KubeObject>('GET', `${path}/scale`, 200);
    assert.equal(scale.kind, 'Scale');
    const scaled = await ask<{ spec: object }>('PATCH', `${path}/scale`, 200, { spec: { replicas: 2 } }, MERGE);
    assert.deepEqual(scaled.spec, { replicas: 2 });
    assert.equal((await ask<{ spec: { replicas: number } }>('GET', path, 200)).spec.replicas, 2);
  };

  /** What finalizers hold is let go, as the controllers for it would. */
  const gone = async (path: string): Promise<void> => {
    const { code, text } = await client.ask(path);
    if (code === 404) return;
    if (path.startsWith('/api/v1/namespaces/walk')) {
      const namespace = JSON.parse(text) as KubeObject;
      await ask('PUT', `${path}/finalize`, 200, { ...namespace, spec: {} });
    } else await ask('PATCH', path, 200, { metadata: { finalizers: null } }, MERGE);
    await ask('GET', path, 404);
  };

  for (const [key, kind] of ROWS) {
    it(`${apiVersionOf(kind)} ${kind.kind}`, async () => {
      const error = await walks.get(key);
      if (error !== undefined) throw error;
    });
  }
});
