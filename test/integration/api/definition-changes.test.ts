/** Watches of custom resources through changes of their definition. */
import assert from 'node:assert/strict';
import { kinds } from '../../../api/kinds.ts';
import type { KubeObject } from '../../../api/object.ts';
import type { CustomResourceDefinition } from '../../../api/types/apiextensions.v1.ts';
import type { Runner } from '../../../control-plane/controllers/runner.ts';
import { systemClock } from '../../../lib/clock.ts';
import { RestClient } from '../../../lib/client/rest.ts';
import { watch, type WatchEvent } from '../../../lib/client/watch.ts';
import { TestServer } from '../../support/api-server.ts';
import { definitionRunner } from '../../support/definition-controller.ts';
import { adminAccess } from '../../support/raw-requests.ts';

const GROUP = '/apis/sea.example.com';
const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const DEFINITION = `${DEFINITIONS}/tides.sea.example.com`;

interface Tide extends KubeObject {
  readonly height?: number;
  readonly moon?: string;
}

type Seen = WatchEvent<Tide>;

function version(name: string, storage: boolean, more: object = {}): object {
  const properties = { height: { type: 'integer' }, moon: { type: 'string' } };
  return { name, served: true, storage, schema: { openAPIV3Schema: { type: 'object', properties } }, ...more };
}

const FIELDS = { selectableFields: [{ jsonPath: '.moon' }] };

describe('a watch of a custom resource whose definition changes', () => {
  let server: TestServer;
  let client: RestClient;
  let runner: Runner;
  let watches: AsyncGenerator<Seen>[] = [];

  before(async () => {
    server = await TestServer.start();
    client = new RestClient({ access: await adminAccess(server), clock: systemClock, userAgent: 'test' });
    runner = definitionRunner(server.registry, () => server.whenFresh());
    await runner.start();
    await client.create(DEFINITIONS, {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'tides.sea.example.com' },
      spec: {
        group: 'sea.example.com',
        scope: 'Namespaced',
        names: { plural: 'tides', kind: 'Tide' },
        versions: [version('v1', true, FIELDS), version('v2', false)],
      },
    });
    await established();
  });
  afterEach(async () => {
    for (const each of watches) await each.return(undefined);
    watches = [];
  });
  after(async () => {
    client.close();
    await runner.stop();
    await server.stop();
  });

  function established(): Promise<void> {
    const { view } = server.registry.resource(kinds.customresourcedefinitions);
    return new Promise((resolve) => {
      const look = (): void => {
        const conditions = view.get('tides.sea.example.com')?.status.conditions ?? [];
        if (!conditions.some(({ type, status }) => type === 'Established' && status === 'True')) return;
        end();
        resolve();
      };
      const end = view.subscribe(look);
      look();
    });
  }

  /** Replaces the versions, and resolves once they are served. */
  async function change(...versions: object[]): Promise<void> {
    await client.patch<CustomResourceDefinition>(DEFINITION, 'merge-patch', { spec: { versions } });
    await server.whenFresh();
  }

  const pathOf = (of: string): string => `${GROUP}/${of}/namespaces/default/tides`;

  const create = (name: string, rest: object = {}, of = 'v1'): Promise<Tide> =>
    client.create<Tide>(pathOf(of), {
      apiVersion: `sea.example.com/${of}`,
      kind: 'Tide',
      metadata: { name },
      ...rest,
    });

  /** What `watch` sees, without bookmarks. Nothing has been read yet. */
  async function follow(query: Record<string, string> = {}, of = 'v1'): Promise<() => Promise<Seen | undefined>> {
    const { metadata } = await client.get<{ metadata: { resourceVersion: string } }>(pathOf(of));
    const events = watch<Tide>(client, pathOf(of), {
      query: { resourceVersion: metadata.resourceVersion, ...query },
    });
    watches.push(events);
    return async () => {
      for (;;) {
        const { value, done } = await events.next();
        if (done) return undefined;
        if (value.type !== 'BOOKMARK') return value;
      }
    };
  }

  const told = (event: Seen | undefined): unknown =>
    event && [event.type, event.object.apiVersion, event.object.metadata.name, event.object.height ?? null];

  it('goes on, and shows objects as the definition now says', async () => {
    const next = await follow();
    const later = next();
    await create('a');
    assert.deepEqual(told(await later), ['ADDED', 'sea.example.com/v1', 'a', null]);
    const defaulted = { height: { type: 'integer', default: 3 }, moon: { type: 'string' } };
    await change(
      version('v1', true, { schema: { openAPIV3Schema: { type: 'object', properties: defaulted } }, ...FIELDS }),
      version('v2', false),
    );
    await create('b');
    assert.deepEqual(told(await next()), ['ADDED', 'sea.example.com/v1', 'b', 3]);
    await client.patch(`${pathOf('v1')}/a`, 'merge-patch', { moon: 'full' });
    assert.deepEqual(told(await next()), ['MODIFIED', 'sea.example.com/v1', 'a', 3]);
    await client.delete(`${pathOf('v1')}/b`);
    assert.deepEqual(told(await next()), ['DELETED', 'sea.example.com/v1', 'b', 3]);
    await change(version('v1', true, FIELDS), version('v2', false));
  });

  it('goes on in its version when another one is stored, and misses nothing meanwhile', async () => {
    const next = await follow({}, 'v2');
    const first = next();
    await create('c0');
    assert.deepEqual(told(await first), ['ADDED', 'sea.example.com/v2', 'c0', null]);
    const writing = (async () => {
      for (let index = 1; index <= 40; index++) await create(`c${index}`, { height: index });
    })();
    await change(version('v1', false, FIELDS), version('v2', true));
    await change(version('v1', true, FIELDS), version('v2', false));
    await writing;
    const names = new Set<string | undefined>();
    while (names.size < 40) {
      const event = await next();
      assert.ok(event, 'the watch ended');
      assert.deepEqual([event.type, event.object.apiVersion], ['ADDED', 'sea.example.com/v2']);
      names.add(event.object.metadata.name);
    }
    assert.deepEqual(names, new Set(Array.from({ length: 40 }, (_, index) => `c${index + 1}`)));
  });

  it('keeps its selectors, and ends when it selects by a field that is not selectable any more', async () => {
    const next = await follow({ fieldSelector: 'moon=new' });
    const first = next();
    await create('d', { moon: 'new' });
    assert.equal((await first)?.object.metadata.name, 'd');
    await change(version('v1', true, FIELDS), version('v2', false, { deprecated: true }));
    await create('e', { moon: 'full' });
    await create('f', { moon: 'new' });
    assert.equal((await next())?.object.metadata.name, 'f');
    await change(version('v1', true), version('v2', false));
    assert.equal(await next(), undefined);
    await change(version('v1', true, FIELDS), version('v2', false));
  });

  it('ends with its version', async () => {
    const next = await follow({}, 'v2');
    const first = next();
    await create('g');
    assert.equal((await first)?.object.metadata.name, 'g');
    await change(version('v1', true, FIELDS), version('v2', false, { served: false }));
    assert.equal(await next(), undefined);
  });
});
