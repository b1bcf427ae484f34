/** What the parameters of lists and watches mean, as Kubernetes documents it ("Resource versions in list, get and watch"). */
import assert from 'node:assert/strict';
import type { KubeObject } from '../../../api/object.ts';
import type { Status } from '../../../api/types/meta.v1.ts';
import { TestServer } from '../../support/api-server.ts';
import { adminAccess, RawClient, statusOf } from '../../support/raw-requests.ts';

const MAPS = '/api/v1/namespaces/default/configmaps';
const FUTURE = 1_000_000;

interface List {
  readonly metadata: {
    readonly resourceVersion: string;
    readonly continue?: string;
    readonly remainingItemCount?: number;
  };
  readonly items: readonly KubeObject[];
}

interface Event {
  readonly type: string;
  readonly object: KubeObject & Status;
}

describe('reading collections', () => {
  let server: TestServer;
  let client: RawClient;
  /** When there were one, two and three objects. */
  const at: number[] = [];

  const write = async (method: string, path: string, body?: object): Promise<KubeObject> => {
    const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
    const sent = body ? { body: JSON.stringify(body), headers: { 'content-type': type } } : {};
    const { code, text } = await client.ask(path, { method, ...sent });
    assert.ok(code < 300, text);
    return JSON.parse(text) as KubeObject;
  };
  const list = async (query: string): Promise<List> => {
    const answer = await client.ask(`${MAPS}?${query}`);
    assert.equal(answer.code, 200, answer.text);
    return JSON.parse(answer.text) as List;
  };
  const names = ({ items }: List): string => items.map(({ metadata }) => metadata.name).join(' ');
  const refusal = async (query: string, path = MAPS): Promise<Status> => statusOf(await client.ask(`${path}?${query}`));
  const watch = async (query: string, path = MAPS): Promise<Event[]> => {
    const { text } = await client.ask(`${path}?watch=1&timeoutSeconds=1&${query}`);
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Event);
  };
  const told = (events: readonly Event[]): string =>
    events.map(({ type, object }) => `${type} ${object.metadata.name}`).join(', ');

  before(async () => {
    server = await TestServer.start();
    client = new RawClient(await adminAccess(server));
    for (const name of ['a', 'b', 'c']) {
      const { metadata } = await write('POST', MAPS, { metadata: { name, labels: { color: 'red' } } });
      at.push(Number(metadata.resourceVersion));
    }
  });
  after(async () => {
    client.close();
    await server.stop();
  });

  const exact = 'resourceVersionMatch=Exact';
  const notOlder = 'resourceVersionMatch=NotOlderThan';
  /** The query after `resourceVersion=<of two objects>`, what is seen of three objects, and whether it is that revision. */
  const rows: readonly (readonly [string, string, string])[] = [
    ['nothing: the newest state', '', 'a b c'],
    ['any: what is there', 'resourceVersion=0', 'a b c'],
    ['any, whatever the limit', 'resourceVersion=0&limit=1', 'a b c'],
    ['not older than any', `resourceVersion=0&${notOlder}`, 'a b c'],
    ['at least this one', 'resourceVersion=2nd', 'a b c'],
    ['not older than this one', `resourceVersion=2nd&${notOlder}`, 'a b c'],
    ['not older than this one, by pages', `resourceVersion=2nd&limit=5&${notOlder}`, 'a b c'],
    ['exactly this one', `resourceVersion=2nd&${exact}`, 'a b'],
    ['exactly this one, by pages', `resourceVersion=2nd&limit=5&${exact}`, 'a b'],
    ['this one by pages, which has always meant exactly', 'resourceVersion=2nd&limit=5', 'a b'],
    ['the newest state by pages', 'limit=2', 'a b'],
  ];
  for (const [what, query, expected] of rows) {
    it(`of a revision that means ${what} (${query})`, async () => {
      assert.equal(names(await list(query.replace('2nd', String(at[1])))), expected);
    });
  }

  it('of a revision that is still to come is refused with a cause, and with when to try again', async () => {
    const queries = ['', '&limit=2', `&${exact}`, `&${notOlder}`];
    const refused = await Promise.all([
      ...queries.map((query) => refusal(`resourceVersion=${FUTURE}${query}`)),
      refusal(`resourceVersion=${FUTURE}`, `${MAPS}/a`),
    ]);
    for (const { code, reason, details } of refused) {
      assert.deepEqual([code, reason, details?.retryAfterSeconds], [504, 'Timeout', 1]);
      assert.deepEqual(details?.causes, [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }]);
    }
  });

  it('goes on where a page ended, at the same revision', async () => {
    const first = await list('limit=1');
    assert.equal(first.metadata.remainingItemCount, 2);
    await write('POST', MAPS, { metadata: { name: 'ab' } });
    const token = first.metadata.continue ?? '';
    const rest = await list(`limit=5&continue=${token}`);
    assert.equal(names(rest), 'b c');
    assert.equal(rest.metadata.resourceVersion, first.metadata.resourceVersion);
    assert.equal(
      (await refusal(`continue=${token}&resourceVersion=${at[1]}`)).message,
      'specifying resource version is not allowed when using continue',
    );
    await write('DELETE', `${MAPS}/ab`);
  });

  it('counts nothing that a selector would leave out', async () => {
    const { metadata } = await list('limit=1&labelSelector=color=red');
    assert.equal(metadata.remainingItemCount, undefined);
    assert.notEqual(metadata.continue, undefined);
  });

  it('finds one object by its name', async () => {
    assert.equal(names(await list('fieldSelector=metadata.name=b')), 'b');
    assert.equal(names(await list('fieldSelector=metadata.name=b,metadata.namespace=default')), 'b');
    assert.equal(names(await list('fieldSelector=metadata.name=none')), '');
    const watches = await Promise.all([watch('fieldSelector=metadata.name=b'), watch('', `${MAPS}/b`)]);
    assert.deepEqual(watches.map(told), ['ADDED b', 'ADDED b']);
  });

  it('tells who watches a selection of what enters it and what leaves it', async () => {
    const { metadata } = await list('');
    await write('PATCH', `${MAPS}/a`, { metadata: { labels: { color: 'blue' } } });
    await write('PATCH', `${MAPS}/b`, { metadata: { labels: { size: 'big' } } });
    await write('PATCH', `${MAPS}/a`, { metadata: { labels: { color: 'red' } } });
    const since = `resourceVersion=${metadata.resourceVersion}`;
    const [red, blue, onlyB] = await Promise.all([
      watch(`${since}&labelSelector=color=red`),
      watch(`${since}&labelSelector=color=blue`),
      watch(`${since}&fieldSelector=metadata.name=b`),
    ]);
    assert.equal(told(red), 'DELETED a, MODIFIED b, ADDED a');
    assert.equal(told(blue), 'ADDED a, DELETED a');
    assert.equal(told(onlyB), 'MODIFIED b');
    assert.equal(red[0]?.object.metadata.labels?.['color'], 'red', 'as it was when it was last seen');
    assert.equal(Number(red[0]?.object.metadata.resourceVersion) > Number(metadata.resourceVersion), true);
  });

  it('of a compacted revision is refused, with a token for what is there now', async () => {
    const first = await list('limit=1');
    const { metadata } = await write('POST', MAPS, { metadata: { name: 'aa' } });
    await server.store.compact(Number(metadata.resourceVersion));
    const expired = await refusal(`limit=1&continue=${first.metadata.continue}`);
    assert.deepEqual([expired.code, expired.reason], [410, 'Expired']);
    const second = await list(`limit=2&continue=${expired.metadata?.continue}`);
    assert.equal(names(second), 'aa b');
    assert.equal(names(await list(`limit=2&continue=${second.metadata.continue}`)), 'c');
    const gone = await refusal(`resourceVersion=${at[1]}&resourceVersionMatch=Exact`);
    assert.deepEqual([gone.code, gone.message], [410, 'The resourceVersion for the provided list is too old.']);
  });
});
