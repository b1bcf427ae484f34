import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { createSigningRequest, issue } from '../../../lib/certificates.ts';
import { joinCluster } from '../../../lib/join.ts';
import { TestServer } from '../../support/api-server.ts';
import { RawClient, statusOf, type RawAnswer } from '../../support/raw-requests.ts';

const NODE = { commonName: 'system:node:n1', organizations: ['system:nodes'] };

describe('joining', () => {
  let server: TestServer;
  let nobody: RawClient;
  let token: string;

  beforeEach(async () => {
    server = await TestServer.start();
    nobody = new RawClient({ server: server.webUrl, authority: server.pki.authorityCertificate });
    token = await server.tokens.create();
  });
  afterEach(async () => {
    nobody.close();
    await server.stop();
  });

  function join(message: object | string, client = nobody): Promise<RawAnswer> {
    const body = typeof message === 'string' ? message : JSON.stringify(message);
    return client.ask('/join', { method: 'POST', body, headers: { 'content-type': 'application/json' } });
  }

  it('gives a certificate that says what the server decided, whatever else was asked for', async () => {
    const { request } = await createSigningRequest(NODE);
    const answer = await join({ token, nodeName: 'n1', request });
    assert.equal(answer.code, 200);
    const { certificate } = JSON.parse(answer.text) as { certificate: string };
    const issued = new X509Certificate(certificate);
    assert.equal(issued.subject, 'O=system:nodes\nCN=system:node:n1');
    assert.equal(issued.ca, false);
  });

  it('by a token takes no node over that is connected; by the certificate of the node itself it renews', async () => {
    const { request } = await createSigningRequest(NODE);
    const first = await join({ token, nodeName: 'n1', request });
    assert.equal(first.code, 200);
    server.connectedNodes.add('n1');
    const refused = await join({ token, nodeName: 'n1', request });
    assert.equal(refused.code, 409);
    assert.match(
      statusOf(refused).message ?? '',
      /"n1" has an agent already; a second one of that name can not join with a token: give this host/,
    );
    await assert.rejects(joinCluster({ server: server.webUrl, token, nodeName: 'n1' }), /has an agent already/);
    // A host that was installed anew has nothing but the token: once the old session is over, it may come back.
    server.connectedNodes.clear();
    assert.equal((await join({ token, nodeName: 'n1', request })).code, 200);
  });

  it('is refused with what is no certificate request', async () => {
    const { request } = await createSigningRequest(NODE);
    const flipped = request.replace(/[A-Za-z](?=[^\n]*\n-----END)/, (letter) => (letter === 'A' ? 'B' : 'A'));
    const pem = (text: string): string =>
      `-----BEGIN CERTIFICATE REQUEST-----\n${text}\n-----END CERTIFICATE REQUEST-----\n`;
    const certificate = server.pki.authorityCertificate;
    for (const bad of [
      '',
      'nonsense',
      pem(''),
      pem('AAAA'),
      pem('!!!!'),
      pem('MIIB'.repeat(1000)),
      flipped,
      certificate,
    ]) {
      const answer = await join({ token, nodeName: 'n1', request: bad });
      assert.equal(answer.code, 400, `${bad.slice(0, 80)}: ${answer.text}`);
      assert.match(statusOf(answer).message ?? '', /certificate request/);
    }
  });

  it('is refused in time with a request that takes long to read', async () => {
    const begun = performance.now();
    for (const part of ['-----BEGIN ', '-----BEGIN A-----\n', '\n', ' ', 'A: B\n', '-']) {
      const answer = await join({ token, nodeName: 'n1', request: part.repeat(60_000 / part.length) });
      assert.ok(answer.code === 400 || answer.code === 413, answer.text);
    }
    assert.ok(performance.now() - begun < 5000);
  });

  it('is refused with a request for somebody else', async () => {
    for (const [commonName, organizations] of [
      ['system:node:n2', ['system:nodes']],
      ['kubernetes-admin', ['system:masters']],
      ['system:node:n1', ['system:nodes', 'system:masters']],
      ['system:node:n1', []],
    ] as const) {
      const { request } = await createSigningRequest({ commonName, organizations });
      const answer = await join({ token, nodeName: 'n1', request });
      assert.equal(answer.code, 400);
      assert.match(statusOf(answer).message ?? '', /must be for system:node:n1 in system:nodes/);
    }
  });

  it('is refused with a message that is none', async () => {
    const { request } = await createSigningRequest(NODE);
    for (const message of [
      '',
      'null',
      '[]',
      '{',
      '5',
      { token, nodeName: '../n1', request },
      { token, nodeName: 'n1' },
      { token: 5, nodeName: 'n1', request },
      { token, nodeName: 'n1\n', request },
    ]) {
      const answer = await join(message);
      assert.equal(answer.code, 400, answer.text);
      assert.equal(statusOf(answer).reason, 'BadRequest');
    }
    assert.equal((await join(' '.repeat(70_000))).code, 413);
  });

  it('needs no token of a node that renews its own certificate, and takes no other for it', async () => {
    const { client: n1, authority } = await joinCluster({ server: server.webUrl, token, nodeName: 'n1' });
    const as = (client: typeof n1): RawClient => new RawClient({ server: server.webUrl, authority, client });
    const own = as(n1);
    const { request } = await createSigningRequest(NODE);
    const other = await createSigningRequest({ ...NODE, commonName: 'system:node:n2' });
    assert.equal((await join({ nodeName: 'n1', request }, own)).code, 200);
    assert.equal((await join({ nodeName: 'n2', request: other.request }, own)).code, 403);
    assert.equal((await join({ nodeName: 'n1', request: other.request }, own)).code, 400);
    assert.equal((await join({ nodeName: 'n1', request }, nobody)).code, 401);
    const admin = as(await server.pki.issueClient({ commonName: 'admin', organizations: ['system:masters'] }));
    assert.equal((await join({ nodeName: 'n1', request }, admin)).code, 403);
    const now = Date.now();
    const validity = { notBefore: new Date(now), notAfter: new Date(now + 60_000) };
    const self = await issue(n1, { ...NODE, ...validity, usages: ['client'], dnsNames: [], addresses: [] });
    const forged = as({ certificate: `${self.certificate}\n${n1.certificate}`, key: self.key });
    assert.equal((await join({ nodeName: 'n1', request }, forged)).code, 401);
    for (const client of [own, admin, forged]) client.close();
  });

  it('is held back after many failures, with how long to wait', async () => {
    const { request } = await createSigningRequest(NODE);
    const wrong = token.replace(/\.[0-9a-f]{8}/, '.00000000');
    const codes: number[] = [];
    let held: RawAnswer | undefined;
    for (let attempt = 0; attempt < 40 && !held; attempt += 1) {
      const answer = await join({ token: wrong, nodeName: 'n1', request });
      codes.push(answer.code);
      if (answer.code === 429) held = answer;
    }
    assert.ok(codes.length > 10 && codes.slice(0, -1).every((code) => code === 401), codes.join());
    assert.equal(statusOf(held!).reason, 'TooManyRequests');
    assert.ok(Number(held?.headers['retry-after']) >= 1);
  });
});
