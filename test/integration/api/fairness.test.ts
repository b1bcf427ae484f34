/** Priority and fairness over HTTP: one user asks for more than there is room for, the others must not notice. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import tls from 'node:tls';
import { kinds } from '../../../api/kinds.ts';
import type { User } from '../../../control-plane/user.ts';
import { TestServer } from '../../support/api-server.ts';
import { eventually } from '../../support/eventually.ts';
import { RawClient, statusOf, type RawAnswer } from '../../support/raw-requests.ts';

const TOKENS = new Map<string, User>([
  ['root', { name: 'root', groups: ['system:masters', 'system:authenticated'] }],
  ['noisy', { name: 'noisy', groups: ['tenants', 'system:authenticated'] }],
  ['quiet', { name: 'quiet', groups: ['tenants', 'system:authenticated'] }],
  ['other', { name: 'other', groups: ['others', 'system:authenticated'] }],
]);
const FLOW_CONTROL = '/apis/flowcontrol.apiserver.k8s.io/v1';
const MAPS = '/api/v1/namespaces/default/configmaps';
const SEATS = 2;
const QUEUING = { queues: 16, handSize: 2, queueLengthLimit: 4 };
const ROOM = SEATS + QUEUING.handSize * QUEUING.queueLengthLimit;

describe('flow control over HTTP', () => {
  let server: TestServer;
  const clients = new Map<string, RawClient>();

  before(async () => {
    server = await TestServer.start({ tokens: TOKENS });
    for (const name of TOKENS.keys()) {
      clients.set(name, new RawClient({ server: server.url, authority: server.pki.authorityCertificate }, 64));
    }
    const admins = { kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name: 'system:authenticated' };
    await make('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
      metadata: { name: 'everybody' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
      subjects: [admins],
    });
    await make(
      `${FLOW_CONTROL}/prioritylevelconfigurations`,
      level('tenants', SEATS, { type: 'Queue', queuing: QUEUING }),
    );
    // Of 600 seats; the level that takes all that no schema wants has 5 of them.
    await make(`${FLOW_CONTROL}/prioritylevelconfigurations`, level('rest', 600 - SEATS - 5, { type: 'Reject' }));
    await make(`${FLOW_CONTROL}/flowschemas`, schema('tenants', 'tenants', 1000));
    await make(`${FLOW_CONTROL}/flowschemas`, schema('rest', 'system:authenticated', 2000));
    await server.whenFresh();
  });
  after(async () => {
    for (const client of clients.values()) client.close();
    await server.stop();
  });

  function ask(name: string, path = MAPS): Promise<RawAnswer> {
    return clientOf(name).ask(path, { headers: { authorization: `Bearer ${name}` } });
  }

  function clientOf(name: string): RawClient {
    const client = clients.get(name);
    if (!client) throw new Error(`no user ${name}`);
    return client;
  }

  async function make(path: string, object: object): Promise<void> {
    const headers = { authorization: 'Bearer root', 'content-type': 'application/json' };
    const answer = await clientOf('root').ask(path, { method: 'POST', headers, body: JSON.stringify(object) });
    assert.equal(answer.code, 201, answer.text);
  }

  /** Takes a seat for as long as the rest of the body is not sent. */
  async function hold(name: string): Promise<{ release(): Promise<void>; leave(): void }> {
    const socket = tls.connect({ ...clientOf(name).tls, ALPNProtocols: ['http/1.1'] });
    await once(socket, 'secureConnect');
    socket.resume();
    const head = `POST ${MAPS} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${name}\r\nconnection: close\r\n`;
    socket.write(`${head}content-type: application/json\r\ncontent-length: 2\r\n\r\n`);
    return {
      leave: () => void socket.destroy(),
      async release() {
        const closed = once(socket, 'close');
        socket.write('{}');
        await closed;
      },
    };
  }

  async function metric(name: string): Promise<number> {
    const text = await server.metrics.text();
    const line = new RegExp(`^apiserver_flowcontrol_${name}\\{priority_level="tenants".*\\} (\\d+)$`, 'm');
    return Number(line.exec(text)?.[1]);
  }

  function reaches(name: string, value: number): Promise<true> {
    return eventually(`${name} is ${value}`, async () => ((await metric(name)) === value ? true : undefined), 10_000);
  }

  it('says in each answer to which schema and level it belongs', async () => {
    const { headers } = await ask('quiet');
    const uid = (kind: 'flowschemas' | 'prioritylevelconfigurations'): string | undefined =>
      server.registry.resource(kinds[kind] as never).view.get('tenants')?.metadata.uid;
    assert.equal(headers['x-kubernetes-pf-flowschema-uid'], uid('flowschemas'));
    assert.equal(headers['x-kubernetes-pf-prioritylevel-uid'], uid('prioritylevelconfigurations'));
  });

  it('lets wait and refuses who asks for too much, and serves all others meanwhile', async () => {
    const held = [await hold('noisy'), await hold('noisy')];
    await reaches('current_executing_requests', SEATS);
    const many = Array.from({ length: 40 }, () => ask('noisy'));
    await reaches('current_inqueue_requests', ROOM - SEATS);
    const quiet = ask('quiet');
    // The tenants' level is full, for both of them; nobody else's is.
    for (const name of ['root', 'other']) assert.equal((await ask(name)).code, 200);
    await reaches('current_inqueue_requests', ROOM - SEATS + 1);
    await held[0]?.release();
    assert.equal((await quiet).code, 200);
    await held[1]?.release();
    const answers = await Promise.all(many);
    const refused = answers.filter(({ code }) => code === 429);
    assert.equal(answers.filter(({ code }) => code === 200).length, ROOM - SEATS);
    assert.equal(refused.length, 40 - ROOM + SEATS);
    for (const answer of refused) {
      assert.ok(Number(answer.headers['retry-after']) >= 1);
      assert.equal(statusOf(answer).message, 'Too many requests, please try again later.');
      assert.equal(statusOf(answer).reason, 'TooManyRequests');
    }
    assert.equal(await metric('current_executing_requests'), 0);
  });

  it('frees the seat of a watch once it has begun, and of who goes away while he waits', async () => {
    const watches = Array.from({ length: 2 * SEATS }, async () => {
      const socket = tls.connect({ ...clientOf('quiet').tls, ALPNProtocols: ['http/1.1'] });
      socket.write(`GET ${MAPS}?watch=1 HTTP/1.1\r\nhost: a\r\nauthorization: Bearer quiet\r\n\r\n`);
      const [head] = (await once(socket, 'data')) as [Buffer];
      assert.match(head.toString(), /^HTTP\/1\.1 200 /);
      return socket;
    });
    const open = await Promise.all(watches);
    assert.equal((await ask('quiet')).code, 200);
    for (const socket of open) socket.destroy();
    const held = [await hold('noisy'), await hold('noisy')];
    await reaches('current_executing_requests', SEATS);
    const gone = await hold('noisy');
    await reaches('current_inqueue_requests', 1);
    gone.leave();
    await reaches('current_inqueue_requests', 0);
    for (const each of held) await each.release();
    await reaches('current_executing_requests', 0);
  });

  it('answers a quiet user every time while another floods the server', async () => {
    const held = [await hold('noisy'), await hold('noisy')];
    await reaches('current_executing_requests', SEATS);
    let isOver = false;
    const flood = Array.from({ length: 40 }, async () => {
      const codes: number[] = [];
      while (!isOver && codes.length < 100) codes.push((await ask('noisy')).code);
      return codes;
    });
    await reaches('current_inqueue_requests', ROOM - SEATS);
    const first = ask('quiet');
    for (const each of held) await each.release();
    assert.equal((await first).code, 200);
    for (let i = 0; i < 30; i++) assert.equal((await ask('quiet')).code, 200);
    isOver = true;
    const codes = (await Promise.all(flood)).flat();
    assert.deepEqual(new Set(codes), new Set([200, 429]));
  });
});

function level(name: string, nominalConcurrencyShares: number, limitResponse: object): object {
  const limited = { nominalConcurrencyShares, lendablePercent: 0, borrowingLimitPercent: 0, limitResponse };
  return { metadata: { name }, spec: { type: 'Limited', limited } };
}

function schema(name: string, group: string, matchingPrecedence: number): object {
  const resourceRules = [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], namespaces: ['*'], clusterScope: true }];
  return {
    metadata: { name },
    spec: {
      priorityLevelConfiguration: { name },
      matchingPrecedence,
      distinguisherMethod: { type: 'ByUser' },
      rules: [{ subjects: [{ kind: 'Group', group: { name: group } }], resourceRules }],
    },
  };
}
