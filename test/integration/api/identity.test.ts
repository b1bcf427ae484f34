/** Who asks, as the real kubectl and plain HTTP see it. */
import assert from 'node:assert/strict';
import https from 'node:https';
import { kinds } from '../../../api/kinds.ts';
import type { CertificateSigningRequest } from '../../../api/types/certificates.v1.ts';
import { createSigningRequest } from '../../../lib/certificates.ts';
import { TestServer } from '../../support/api-server.ts';
import { kubectl } from '../../support/kubectl.ts';

describe('identity', () => {
  let server: TestServer;
  before(async () => {
    const tokens = new Map([['admin-token', { name: 'admin', groups: ['system:masters'] }]]);
    server = await TestServer.start({ tokens });
    await server.registry.resource(kinds.serviceaccounts).create({ metadata: { name: 'robot', namespace: 'default' } });
  });
  after(() => server.stop());

  async function run(args: string, stdin = ''): Promise<string> {
    const { code, stdout, stderr } = await kubectl(server.kubeconfig, args.split(' '), stdin);
    assert.equal(code, 0, `kubectl ${args}: ${stderr}`);
    return stdout.trim();
  }

  async function fail(args: string, stdin = ''): Promise<string> {
    const { code, stdout, stderr } = await kubectl(server.kubeconfig, args.split(' '), stdin);
    assert.notEqual(code, 0, `kubectl ${args}: ${stdout}`);
    return stderr.trim();
  }

  /** As somebody who shows no certificate. */
  async function ask(
    path: string,
    headers: Record<string, string> = {},
    body?: object,
    method = body ? 'POST' : 'GET',
  ): Promise<{ code: number; type: string; value: Record<string, never> }> {
    const request = https.request(new URL(path, server.url), {
      ca: server.pki.authorityCertificate,
      method,
      headers: { ...(body ? { 'content-type': 'application/json' } : {}), ...headers },
    });
    request.end(body && JSON.stringify(body));
    const response = await new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
      request.on('response', resolve);
      request.on('error', reject);
    });
    const text = Buffer.concat(await response.toArray()).toString();
    const type = response.headers['content-type'] ?? '';
    return { code: response.statusCode ?? 0, type, value: JSON.parse(text) as Record<string, never> };
  }

  it('is a service account by the token that kubectl asks for', async () => {
    const token = await run('create token robot --duration=20m');
    const who = JSON.parse(await run('auth whoami -o json')) as { status: { userInfo: { username: string } } };
    assert.equal(who.status.userInfo.username, 'kubernetes-admin');
    const headers = { authorization: `Bearer ${token}` };
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
    const known = await ask('/apis/authentication.k8s.io/v1/selfsubjectreviews', headers, body);
    assert.match(JSON.stringify(known.value), /system:serviceaccount:default:robot/);
    const unknown = await ask('/api', { authorization: `Bearer ${token.slice(0, -5)}AAAAA` });
    assert.equal(unknown.code, 401);
  });

  it('is asked for shorter than ten minutes in vain', async () => {
    assert.match(await fail('create token robot --duration=9m'), /may not specify a duration less than 10 minutes/);
    assert.match(await fail('create token nobody'), /serviceaccounts "nobody" not found/);
  });

  it('is reviewed', async () => {
    const token = await run('create token robot --audience=vault');
    const review = async (spec: object): Promise<Record<string, never>> => {
      const text = JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec });
      const { status } = JSON.parse(await run('create --validate=false -f - -o json', text)) as {
        status: Record<string, never>;
      };
      return status;
    };
    const { authenticated, audiences, user } = await review({ token, audiences: ['vault', 'bank'] });
    assert.deepEqual({ authenticated, audiences }, { authenticated: true, audiences: ['vault'] });
    assert.deepEqual(user?.['groups'], [
      'system:serviceaccounts',
      'system:serviceaccounts:default',
      'system:authenticated',
    ]);
    const refused = await review({ token });
    assert.equal(refused['authenticated'], undefined);
    assert.match(refused['error'] ?? '', /invalid for the target audiences/);
  });

  it('is told to relying parties by the issuer', async () => {
    const configuration = JSON.parse(await run('get --raw /.well-known/openid-configuration')) as object;
    assert.deepEqual(configuration, {
      issuer: 'https://kubernetes.default.svc.cluster.local',
      jwks_uri: `${server.url}/openid/v1/jwks`,
      response_types_supported: ['id_token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256'],
    });
    const { keys } = JSON.parse(await run('get --raw /openid/v1/jwks')) as { keys: Record<string, string>[] };
    assert.deepEqual(
      keys.map(({ kty, use, alg, d }) => ({ kty, use, alg, d })),
      [{ kty: 'RSA', use: 'sig', alg: 'RS256', d: undefined }],
    );
    assert.match(await fail('get --raw /openid/v1/other'), /could not find the requested resource/);
  });

  it('is borrowed by those who may', async () => {
    const as = '--as=jane --as-group=devs --as-group=system:masters --as-uid=7 --as-user-extra=scopes=view';
    const who = JSON.parse(await run(`auth whoami -o json ${as}`)) as { status: { userInfo: object } };
    assert.deepEqual(who.status.userInfo, {
      username: 'jane',
      uid: '7',
      groups: ['devs', 'system:masters', 'system:authenticated'],
      extra: { scopes: ['view'] },
    });
  });

  it('is not borrowed by those who may not', async () => {
    const token = await run('create token robot');
    const headers = { authorization: `Bearer ${token}`, 'impersonate-user': 'kubernetes-admin' };
    const { code, value } = await ask('/api/v1/nodes', headers);
    assert.equal(code, 403);
    assert.match(
      value['message'] ?? '',
      /^users "kubernetes-admin" is forbidden: User "system:serviceaccount:default:robot" cannot impersonate resource "users" in API group "" at the cluster scope/,
    );
    const { 'impersonate-user': _, ...bare } = headers;
    const groupless = await ask('/api', { ...bare, 'impersonate-group': 'system:masters' });
    assert.equal(groupless.code, 400);
  });

  it('loses its rights while it is borrowed', async () => {
    assert.match(
      await fail('get secrets --as=system:serviceaccount:default:robot'),
      /User "system:serviceaccount:default:robot" cannot list/,
    );
  });

  it('gets its certificate by way of approval and status, which are written apart', async () => {
    const { request } = await createSigningRequest({ commonName: 'e2e', organizations: [] });
    const spec = {
      request: Buffer.from(request).toString('base64'),
      signerName: 'example.com/e2e',
      usages: ['digital signature', 'key encipherment', 'server auth'],
      expirationSeconds: 3600,
    };
    const requests = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
    const headers = { authorization: 'Bearer admin-token', 'content-type': 'application/merge-patch+json' };
    const body = {
      apiVersion: 'certificates.k8s.io/v1',
      kind: 'CertificateSigningRequest',
      metadata: { name: 'e2e' },
      spec,
    };
    const created = await ask(requests, { ...headers, 'content-type': 'application/json' }, body);
    assert.equal(created.code, 201, JSON.stringify(created.value));
    const condition = { type: 'ApprovalPatch', status: 'True', reason: 'e2e' };
    const approval = { metadata: { annotations: { approval: 'true' } }, status: { conditions: [condition] } };
    const approved = await ask(`${requests}/e2e/approval`, headers, approval, 'PATCH');
    assert.equal(approved.code, 200, JSON.stringify(approved.value));
    const certificate = Buffer.from(server.pki.authorityCertificate).toString('base64');
    const status = { metadata: { annotations: { status: 'true' } }, status: { certificate } };
    const signed = await ask(`${requests}/e2e/status`, headers, status, 'PATCH');
    assert.equal(signed.code, 200, JSON.stringify(signed.value));
    const read = await ask(`${requests}/e2e/approval`, headers);
    const { metadata, status: now } = read.value as unknown as CertificateSigningRequest;
    assert.deepEqual(metadata.annotations, { approval: 'true', status: 'true' });
    assert.equal(now.certificate, certificate);
    assert.deepEqual(
      now.conditions?.map(({ type }) => type),
      ['ApprovalPatch'],
    );
    const listed = await run('get csr --field-selector=spec.signerName=example.com/e2e -o name');
    assert.equal(listed, 'certificatesigningrequest.certificates.k8s.io/e2e');
  });

  it('is told as nothing but what it is', async () => {
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io';
    const headers = { authorization: 'Bearer admin-token', accept };
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
    assert.equal((await ask('/apis/authentication.k8s.io/v1/selfsubjectreviews', headers, body)).code, 406);
  });

  it('questions are only ever asked, never listed', async () => {
    assert.match(await fail('get tokenreviews'), /does not allow this method|not supported/);
  });
});
