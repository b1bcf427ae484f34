import assert from 'node:assert/strict';
import { once } from 'node:events';
import grpc, { type ServerDuplexStream } from '@grpc/grpc-js';
import { type KeyPair, createAuthority, issue } from '../../../lib/certificates.ts';
import { type AgentMessage, AgentsClient, type ServerMessage, agentsService } from '../../../lib/link/proto.ts';

const DAY = 24 * 60 * 60 * 1000;
const VALID = { notBefore: new Date(Date.now() - DAY), notAfter: new Date(Date.now() + DAY) };

describe('the connection to a server', () => {
  let authority: KeyPair;
  let pair: KeyPair;
  let server: grpc.Server;
  let address: string;

  const clientOf = (ca: KeyPair): AgentsClient =>
    new AgentsClient(address, { ca: ca.certificate, cert: pair.certificate, key: pair.key });

  before(async () => {
    authority = await createAuthority('test-ca', VALID);
    const subject = { commonName: 'dure-server', organizations: [], dnsNames: ['kubernetes.default.svc'] };
    pair = await issue(authority, { ...subject, addresses: [], usages: ['server', 'client'], ...VALID });
    server = new grpc.Server();
    server.addService(agentsService, {
      Session: (stream: ServerDuplexStream<AgentMessage, ServerMessage>) => {
        stream.write({ move: { address: 'other:6444' } });
        stream.end();
      },
      Carry: () => assert.fail(),
      Forward: () => assert.fail(),
      IssueToken: () => assert.fail(),
    });
    const keys = [{ cert_chain: Buffer.from(pair.certificate), private_key: Buffer.from(pair.key) }];
    const credentials = grpc.ServerCredentials.createSsl(Buffer.from(authority.certificate), keys, true);
    const port = await new Promise((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', credentials, (error, bound) => (error ? reject(error) : resolve(bound)));
    });
    address = `127.0.0.1:${String(port)}`;
  });

  after(() => server.forceShutdown());

  it('is made before anything is said, and then serves the session', async () => {
    const client = clientOf(authority);
    await client.connect(5000);
    const stream = client.session();
    const [message] = (await once(stream, 'data')) as [ServerMessage];
    assert.deepEqual(message.move, { address: 'other:6444' });
    client.close();
  });

  it('is not made to a server of another authority', async () => {
    const client = clientOf(await createAuthority('another', VALID));
    await assert.rejects(client.connect(200), /deadline/);
    client.close();
  });
});
