import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { kinds } from '../../../api/kinds.ts';
import { isStatusError } from '../../../api/errors.ts';
import type { TokenRequest, TokenRequestSpec } from '../../../api/types/authentication.v1.ts';
import type { Pod } from '../../../api/types/core.v1.ts';
import { makeTokens, type Tokens } from '../../../control-plane/auth/tokens/all.ts';
import { BearerTokens } from '../../../control-plane/auth/tokens/bearer.ts';
import { StaticTokens } from '../../../control-plane/auth/tokens/static.ts';
import type { HttpRequest } from '../../../control-plane/http/exchange.ts';
import type { Verified } from '../../../control-plane/auth/tokens/port.ts';
import { SigningKey } from '../../../control-plane/auth/tokens/signing-key.ts';
import type { User } from '../../../control-plane/user.ts';
import { createLocalJWKSet, decodeJwt, jwtVerify, SignJWT } from '../../../lib/jose.ts';
import { startRegistry, type Harness } from '../registry/harness.ts';

const ISSUER = 'https://kubernetes.default.svc.cluster.local';

describe('tokens of service accounts', () => {
  let directory: string;
  let key: SigningKey;
  let harness: Harness;
  let tokens: Tokens;

  before(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'dure-tokens-'));
    key = new SigningKey({ file: path.join(directory, 'sa.key') });
    await key.start();
  });
  after(() => rm(directory, { recursive: true }));

  beforeEach(async () => {
    harness = await startRegistry();
    let id = 0;
    tokens = makeTokens({
      registry: harness.registry,
      cacheOf: harness.cacheOf,
      key,
      clusterDomain: 'cluster.local',
      users: new Map(),
      clock: harness.clock,
      newId: () => `id-${++id}`,
    });
    await create(kinds.serviceaccounts, { metadata: { name: 'robot', namespace: 'default' } });
  });
  afterEach(() => harness.stop());

  async function create(kind: (typeof kinds)[keyof typeof kinds], object: object): Promise<string> {
    const made = await harness.registry.resource(kind as typeof kinds.pods).create(object as Pod);
    await harness.settle(kind as typeof kinds.pods);
    return made.metadata.uid ?? '';
  }

  async function request(spec: Partial<TokenRequestSpec> = {}, user?: User): Promise<TokenRequest> {
    const question = { metadata: {}, spec: { audiences: [], ...spec }, status: {} } as unknown as TokenRequest;
    return tokens.requests.issue('default', 'robot', question, user);
  }

  function verify(token: string, audiences = tokens.accounts.audiences): Promise<Verified> {
    return tokens.bearer.verify(token, audiences);
  }

  async function addPod(more: Partial<Pod['spec']> = {}): Promise<string> {
    const spec = { containers: [{ name: 'c', image: 'i' }], serviceAccountName: 'robot', nodeName: 'n1', ...more };
    return create(kinds.pods, { metadata: { name: 'p', namespace: 'default' }, spec });
  }

  it('are known again as what they were made for', async () => {
    const { status, spec } = await request();
    assert.deepEqual(spec, { audiences: [ISSUER], expirationSeconds: 3600 });
    assert.equal(status.expirationTimestamp, '2026-01-01T01:00:00Z');
    const { user, audiences } = await verify(status.token);
    const uid = harness.registry.resource(kinds.serviceaccounts).view.get('default/robot')?.metadata.uid;
    assert.deepEqual(audiences, [ISSUER]);
    assert.deepEqual(user, {
      name: 'system:serviceaccount:default:robot',
      uid,
      groups: ['system:serviceaccounts', 'system:serviceaccounts:default'],
      extra: { 'authentication.kubernetes.io/credential-id': ['JTI=id-1'] },
    });
  });

  it('can be checked by others with the published key', async () => {
    const { token } = (await request({ audiences: ['vault'] })).status;
    const keys = await tokens.accounts.publicJwks();
    const { payload } = await jwtVerify(token, createLocalJWKSet({ keys }), {
      issuer: ISSUER,
      audience: 'vault',
      algorithms: ['RS256'],
      currentDate: harness.clock.date(),
    });
    assert.equal(payload.sub, 'system:serviceaccount:default:robot');
    assert.deepEqual(
      keys.map(({ d }) => d),
      [undefined],
      'the private part stays here',
    );
  });

  it('hold for their audiences alone', async () => {
    const { token } = (await request({ audiences: ['vault', 'other'] })).status;
    await assert.rejects(verify(token), /is invalid for the target audiences/);
    assert.deepEqual((await verify(token, ['x', 'vault'])).audiences, ['vault']);
  });

  it('end with their time', async () => {
    const { token } = (await request({ expirationSeconds: 600 })).status;
    await verify(token);
    harness.clock.advance(599_000);
    await verify(token);
    harness.clock.advance(61_000);
    await assert.rejects(verify(token), /service account token has expired/);
    await assert.rejects(tokens.accounts.verify(token, [ISSUER]), /service account token has expired/);
  });

  it('end with their account, and do not come back with another of its name', async () => {
    const { token } = (await request()).status;
    await harness.registry.resource(kinds.serviceaccounts).delete('default', 'robot');
    await harness.settle(kinds.serviceaccounts);
    await assert.rejects(verify(token), /service account "robot" not found/);
    await create(kinds.serviceaccounts, { metadata: { name: 'robot', namespace: 'default' } });
    await assert.rejects(verify(token), /service account UID .* does not match claim/);
  });

  it('hold on a server that has not heard of the account yet', async () => {
    const { token } = (await request()).status;
    harness.pause();
    await harness.registry.resource(kinds.serviceaccounts).delete('default', 'robot');
    await verify(token);
    harness.resume();
    await harness.settle(kinds.serviceaccounts);
    await assert.rejects(verify(token));
  });

  it('tell and outlive no longer than the pod they are bound to', async () => {
    const uid = await addPod();
    const { token } = (await request({ boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'p' } })).status;
    const { extra } = (await verify(token)).user;
    assert.deepEqual(extra?.['authentication.kubernetes.io/pod-name'], ['p']);
    assert.deepEqual(extra?.['authentication.kubernetes.io/pod-uid'], [uid]);
    await harness.registry.resource(kinds.pods).delete('default', 'p', { gracePeriodSeconds: 0 });
    await harness.settle(kinds.pods);
    await assert.rejects(verify(token), /pod "p" not found/);
  });

  it('live for a year with their pod when they are what every pod gets, and say when to read them again', async () => {
    await addPod();
    const boundObjectRef = { kind: 'Pod', apiVersion: 'v1', name: 'p' };
    const { status } = await request({ boundObjectRef, expirationSeconds: 3607 });
    assert.equal(status.expirationTimestamp, '2026-01-01T01:00:07Z');
    const claims = decodeJwt<{ 'kubernetes.io': { warnafter: number } }>(status.token);
    assert.equal((claims.exp ?? 0) - (claims.iat ?? 0), 365 * 24 * 3600);
    assert.equal(claims['kubernetes.io'].warnafter - (claims.iat ?? 0), 3607);
  });

  it('are bound to nothing that does not fit', async () => {
    await create(kinds.serviceaccounts, { metadata: { name: 'other', namespace: 'default' } });
    await addPod({ serviceAccountName: 'other' });
    const pod = { kind: 'Pod', apiVersion: 'v1', name: 'p' };
    await assert.rejects(
      request({ boundObjectRef: pod }),
      /cannot bind token for serviceaccount "robot" to pod running/,
    );
    await assert.rejects(request({ boundObjectRef: { ...pod, name: 'gone' } }), /pods "gone" not found/);
    await assert.rejects(request({ boundObjectRef: { kind: 'ConfigMap', name: 'c' } }), /cannot bind token to object/);
    await create(kinds.secrets, { metadata: { name: 's', namespace: 'default' } });
    const secret = { kind: 'Secret', apiVersion: 'v1', name: 's' };
    await assert.rejects(request({ boundObjectRef: { ...secret, uid: 'other' } }), (error) =>
      isStatusError(error, 'Conflict'),
    );
    await verify((await request({ boundObjectRef: secret })).status.token);
  });

  it('last ten minutes at the least', async () => {
    await assert.rejects(request({ expirationSeconds: 599 }), (error) => {
      assert.ok(isStatusError(error, 'Invalid'));
      assert.deepEqual(error.details?.causes, [
        {
          reason: 'FieldValueInvalid',
          message: 'Invalid value: 599: may not specify a duration less than 10 minutes',
          field: 'spec.expirationSeconds',
        },
      ]);
      return true;
    });
    await assert.rejects(request({ expirationSeconds: 2 ** 32 + 1 }), /larger than 2\^32 seconds/);
  });

  it('go to a node for its own pods alone', async () => {
    const node = (name: string): User => ({ name: `system:node:${name}`, groups: ['system:nodes'] });
    const sources = [{ serviceAccountToken: { path: 't', audience: 'vault' } }];
    const uid = await addPod({ volumes: [{ name: 't', projected: { sources } }] });
    const boundObjectRef = { kind: 'Pod', apiVersion: 'v1', name: 'p', uid };
    await request({ boundObjectRef }, node('n1'));
    await request({ boundObjectRef, audiences: ['vault'] }, node('n1'));
    await assert.rejects(request({ boundObjectRef, audiences: ['bank'] }, node('n1')), /not found in pod spec volume/);
    await assert.rejects(request({ boundObjectRef }, node('n2')), /bound to a pod scheduled on a different node/);
    await assert.rejects(request({}, node('n1')), /not bound to a pod/);
    await assert.rejects(request({ boundObjectRef: { ...boundObjectRef, uid: '' } }, node('n1')), /without a uid/);
  });

  it('are none when somebody else has signed them, or nobody', async () => {
    const other = new SigningKey({ file: path.join(directory, 'other.key') });
    await other.start();
    const payload = decodeJwt((await request()).status.token);
    const sign = new SignJWT(payload).setProtectedHeader({ alg: 'RS256', kid: key.loaded.id });
    await assert.rejects(verify(await sign.sign(other.loaded.privateKey)), /invalid bearer token/);
    const bare = `${Buffer.from(JSON.stringify({ alg: 'none', kid: key.loaded.id })).toString('base64url')}.${Buffer.from(JSON.stringify(payload)).toString('base64url')}.`;
    await assert.rejects(verify(bare), /invalid bearer token/);
    // With the public key as a shared secret.
    const pem = key.loaded.publicKey.export({ format: 'pem', type: 'spki' });
    const hmac = new SignJWT(payload).setProtectedHeader({ alg: 'HS256', kid: key.loaded.id });
    await assert.rejects(verify(await hmac.sign(Buffer.from(pem))), /invalid bearer token/);
    for (const text of ['', 'x', 'a.b.c', '..', 'x'.repeat(100_000)]) await assert.rejects(verify(text));
  });

  describe('while the key changes', () => {
    const pem = (of: KeyObject): string =>
      of.export({ format: 'pem', type: of.type === 'private' ? 'pkcs8' : 'spki' }) as string;
    const curve = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    const old = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const edwards = generateKeyPairSync('ed25519');

    async function fileWith(...keys: KeyObject[]): Promise<string> {
      const file = path.join(directory, `keys-${keys.map(({ type }) => type).join('-')}`);
      await writeFile(file, `# some words before\n${keys.map(pem).join('')}`);
      return file;
    }

    async function changing(...others: string[]): Promise<Tokens> {
      const file = path.join(directory, 'sa.key');
      const changed = new SigningKey({ file, others });
      await changed.start();
      const { registry, cacheOf, clock } = harness;
      const shared = { registry, cacheOf, clock, clusterDomain: 'cluster.local', users: new Map(), newId: () => 'id' };
      return makeTokens({ ...shared, key: changed });
    }

    const signedWith = async (privateKey: KeyObject, alg: string, kid: string | undefined): Promise<string> => {
      const payload = decodeJwt((await request()).status.token);
      return new SignJWT(payload).setProtectedHeader({ alg, ...(kid ? { kid } : {}) }).sign(privateKey);
    };

    it('are known by all keys, and all keys are published', async () => {
      const others = await fileWith(old.privateKey, curve.publicKey, key.loaded.publicKey);
      const { accounts, bearer } = await changing(others);
      const keys = await accounts.publicJwks();
      assert.deepEqual(
        keys.map(({ alg, d }) => [alg, d]),
        [
          ['RS256', undefined],
          ['RS256', undefined],
          ['ES256', undefined],
        ],
      );
      assert.equal(keys[0]?.kid, key.loaded.id);
      assert.deepEqual(accounts.algorithms, ['RS256', 'ES256']);
      const { audiences } = accounts;
      const name = 'system:serviceaccount:default:robot';
      for (const token of [
        (await request()).status.token,
        await signedWith(old.privateKey, 'RS256', keys[1]?.kid),
        await signedWith(curve.privateKey, 'ES256', keys[2]?.kid),
      ]) {
        assert.equal((await bearer.verify(token, audiences)).user.name, name);
      }
      for (const token of [
        await signedWith(old.privateKey, 'RS256', keys[0]?.kid),
        await signedWith(old.privateKey, 'RS256', undefined),
        await signedWith(old.privateKey, 'RS512', keys[1]?.kid),
      ]) {
        await assert.rejects(bearer.verify(token, audiences), /invalid bearer token/);
      }
    });

    it('are refused when their key is taken away', async () => {
      const before = await changing(await fileWith(old.publicKey));
      const kid = (await before.accounts.publicJwks())[1]?.kid;
      const token = await signedWith(old.privateKey, 'RS256', kid);
      assert.ok(await before.bearer.verify(token, before.accounts.audiences));
      const { accounts, bearer } = await changing();
      await assert.rejects(bearer.verify(token, accounts.audiences), /invalid bearer token/);
    });

    it('need files that hold keys which can sign', async () => {
      const empty = path.join(directory, 'empty');
      await writeFile(empty, 'nothing');
      await assert.rejects(changing(empty), /^Error: --service-account-key-file .*empty: it holds no key in PEM$/);
      await assert.rejects(changing(await fileWith(edwards.publicKey)), /with a key of the type ed25519$/);
      await assert.rejects(changing(path.join(directory, 'missing')), /--service-account-key-file .*missing: ENOENT/);
    });
  });

  it('come from a key that is kept', async () => {
    const { token } = (await request()).status;
    const again = new SigningKey({ file: path.join(directory, 'sa.key') });
    await again.start();
    assert.equal(again.loaded.id, key.loaded.id);
    await jwtVerify(token, again.loaded.publicKey, { currentDate: harness.clock.date() });
  });
});

describe('a bearer token', () => {
  const users = new Map([['secret', { name: 'jane', groups: [] }]]);
  const bearer = new BearerTokens({ verifiers: [new StaticTokens({ users, audiences: ['api'] })], audiences: ['api'] });
  const ask = (headers: Record<string, string>): unknown => bearer.authenticate({ headers } as unknown as HttpRequest);

  it('comes in a header, or among the protocols of a WebSocket', async () => {
    assert.deepEqual(await ask({ authorization: 'Bearer secret' }), users.get('secret'));
    const encoded = `base64url.bearer.authorization.k8s.io.${Buffer.from('secret').toString('base64url')}`;
    const protocols = { 'sec-websocket-protocol': `${encoded}, v5.channel.k8s.io` };
    assert.deepEqual(await ask(protocols), users.get('secret'));
    assert.equal(await ask({ 'sec-websocket-protocol': 'v5.channel.k8s.io' }), undefined);
  });

  it('that nobody knows lets nobody in', async () => {
    for (const authorization of ['Bearer other', 'Bearer', 'Basic c2VjcmV0', 'Bearer a b']) {
      await assert.rejects(
        async () => ask({ authorization }),
        (error) => isStatusError(error, 'Unauthorized'),
      );
    }
  });
});
