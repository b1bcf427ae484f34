import assert from 'node:assert/strict';
import type { Secret } from '../../../api/types/core.v1.ts';
import { oidcSettings } from '../../../control-plane/auth/identities.ts';
import { BootstrapTokens } from '../../../control-plane/auth/tokens/bootstrap.ts';
import { parseTokenFile } from '../../../control-plane/auth/tokens/token-file.ts';
import { serverProgram, type ServerFlags } from '../../../control-plane/flags.ts';
import { FakeClock } from '../../../lib/clock.ts';
import { MapView } from '../../../lib/view.ts';

const API = ['api'];

describe('bootstrap tokens', () => {
  const clock = new FakeClock();
  const secrets = new MapView<Secret>();
  const tokens = new BootstrapTokens({ secrets, audiences: API, clock });

  function keep(data: Record<string, string> = {}, type = 'bootstrap.kubernetes.io/token'): void {
    const all = {
      'token-id': 'abcdef',
      'token-secret': '0123456789abcdef',
      'usage-bootstrap-authentication': 'true',
      ...data,
    };
    const encoded = Object.entries(all).map(([key, value]) => [key, Buffer.from(value).toString('base64')]);
    const metadata = { name: 'bootstrap-token-abcdef', namespace: 'kube-system' };
    secrets.set('kube-system/bootstrap-token-abcdef', { metadata, type, data: Object.fromEntries(encoded) });
  }
  const TOKEN = 'abcdef.0123456789abcdef';

  it('make a user of those who bring nodes in', async () => {
    keep({ 'auth-extra-groups': 'system:bootstrappers:kubeadm:default-node-token' });
    assert.deepEqual((await tokens.verify(TOKEN, API))?.user, {
      name: 'system:bootstrap:abcdef',
      groups: ['system:bootstrappers', 'system:bootstrappers:kubeadm:default-node-token'],
    });
  });

  it('hold until they end', async () => {
    keep({ expiration: '2026-01-01T00:00:01Z' });
    assert.ok(await tokens.verify(TOKEN, API));
    clock.advance(1000);
    await assert.rejects(tokens.verify(TOKEN, API), /invalid bearer token/);
    keep({ expiration: 'soon' });
    await assert.rejects(tokens.verify(TOKEN, API), /invalid bearer token/);
  });

  it('are none for any other use, of any other kind, with any other secret or with rights of others', async () => {
    const refused: [Record<string, string>, string?][] = [
      [{ 'usage-bootstrap-authentication': 'false' }],
      [{}, 'Opaque'],
      [{ 'token-secret': 'fedcba9876543210' }],
      [{ 'token-id': 'other0' }],
      [{ 'auth-extra-groups': 'system:masters' }],
    ];
    for (const [data, type] of refused) {
      keep(data, type);
      await assert.rejects(tokens.verify(TOKEN, API), /invalid bearer token/);
    }
    assert.equal(await tokens.verify('ABCDEF.0123456789abcdef', API), undefined);
  });
});

describe('the file of tokens', () => {
  it('holds a user a line', () => {
    const users = parseTokenFile('secret1,jane,7,"devs,ops"\n\n# nobody\nsecret2,"Doe, John",8\r\n');
    assert.deepEqual(Object.fromEntries(users), {
      secret1: { name: 'jane', uid: '7', groups: ['devs', 'ops'] },
      secret2: { name: 'Doe, John', uid: '8', groups: [] },
    });
  });

  it('is refused with the line that is wrong', () => {
    assert.throws(() => parseTokenFile('a,b,c\nonly,two'), /line 2 .*a token, a user and a uid/);
    assert.throws(() => parseTokenFile('a,b,c\na,d,e'), /line 2 .*is there already/);
    assert.throws(() => parseTokenFile(',b,c'), /line 1 .*the token is empty/);
  });
});

describe('the flags of an outside issuer', () => {
  const defaults = Object.fromEntries(
    Object.entries(serverProgram.flags).map(([name, flag]) => [name, flag.fallback]),
  ) as unknown as ServerFlags;
  const settings = (flags: Partial<ServerFlags>): ReturnType<typeof oidcSettings> =>
    oidcSettings({ ...defaults, ...flags });

  it('keep its names apart from others', () => {
    const given = { oidcIssuerUrl: 'https://id.test', oidcClientId: 'dure' };
    assert.equal(settings(given)?.usernamePrefix, 'https://id.test#');
    assert.equal(settings({ ...given, oidcUsernameClaim: 'email' })?.usernamePrefix, '');
    assert.equal(settings({ ...given, oidcUsernamePrefix: '-' })?.usernamePrefix, '');
    assert.equal(settings({}), undefined);
  });

  it('are refused when they don’t fit', () => {
    assert.throws(() => settings({ oidcIssuerUrl: 'https://id.test' }), /must be given together/);
    const given = { oidcIssuerUrl: 'https://id.test', oidcClientId: 'dure' };
    for (const url of ['http://id.test', 'https://id.test?a=b', 'nothing']) {
      assert.throws(() => settings({ ...given, oidcIssuerUrl: url }), /must be an https URL/);
    }
    assert.throws(() => settings({ ...given, oidcRequiredClaim: ['bare'] }), /of the form claim=value/);
    assert.throws(() => settings({ ...given, oidcSigningAlgs: ['HS256'] }), /must be of RS256/);
  });
});
