import assert from 'node:assert/strict';
import { fetchJson } from '../../../control-plane/auth/oidc/fetch.ts';
import { IssuerKeys } from '../../../control-plane/auth/oidc/issuer.ts';
import { type OidcSettings, OidcTokens } from '../../../control-plane/auth/oidc/tokens.ts';
import { TokenError } from '../../../control-plane/auth/tokens/port.ts';
import { createAuthority } from '../../../lib/certificates.ts';
import { FakeClock } from '../../../lib/clock.ts';
import { silentLog } from '../../../lib/log.ts';
import { Issuer, VALID } from '../../support/oidc-issuer.ts';

const API = ['https://kubernetes.default.svc.cluster.local'];

describe('tokens of an outside issuer', () => {
  let issuer: Issuer;
  let clock: FakeClock;
  let tokens: OidcTokens;

  beforeEach(async () => {
    issuer = await Issuer.start();
    await issuer.addKey('one');
    clock = new FakeClock();
    tokens = tokensWith();
  });
  afterEach(() => issuer.stop());

  function tokensWith(
    settings: Partial<OidcSettings> = {},
    ca: string | undefined = issuer.authority.certificate,
  ): OidcTokens {
    return new OidcTokens({
      settings: {
        issuer: issuer.url,
        clientId: 'dure',
        usernameClaim: 'sub',
        usernamePrefix: 'oidc:',
        groupsClaim: 'groups',
        groupsPrefix: 'oidc:',
        requiredClaims: new Map(),
        signingAlgorithms: ['ES256'],
        ...settings,
      },
      keys: new IssuerKeys({ issuer: issuer.url, fetch: (url) => fetchJson(url, ca), clock, log: silentLog }),
      audiences: API,
      clock,
    });
  }
  const user = async (token: string, from = tokens): Promise<unknown> => (await from.verify(token, API))?.user;

  it('say who the user is, and in which groups', async () => {
    assert.deepEqual(await user(await issuer.sign(clock, { groups: ['devs', 'ops'] })), {
      name: 'oidc:jane',
      groups: ['oidc:devs', 'oidc:ops'],
    });
    assert.deepEqual(await user(await issuer.sign(clock, { groups: 'devs' })), {
      name: 'oidc:jane',
      groups: ['oidc:devs'],
    });
  });

  it('of anybody else are none', async () => {
    assert.equal(await user(await issuer.sign(clock, { iss: 'https://other.test' })), undefined);
    assert.equal(await user('opaque'), undefined);
    assert.deepEqual(issuer.requests, [], 'nobody was asked about them');
  });

  it('hold for their audience and their time alone', async () => {
    await assert.rejects(user(await issuer.sign(clock, { aud: 'other' })), /unexpected "aud" claim value/);
    const token = await issuer.sign(clock);
    clock.advance(601_000);
    await assert.rejects(user(token), TokenError);
    await assert.rejects(user(await issuer.sign(clock, { exp: undefined })), /missing required "exp" claim/);
  });

  it('must say what is required of them', async () => {
    const strict = tokensWith({ requiredClaims: new Map([['hd', 'example.com']]) });
    await assert.rejects(user(await issuer.sign(clock), strict), /required claim hd not present/);
    await assert.rejects(user(await issuer.sign(clock, { hd: 'evil.com' }), strict), /required claim hd value/);
    assert.ok(await user(await issuer.sign(clock, { hd: 'example.com' }), strict));
  });

  it('with an address need one that was verified', async () => {
    const byMail = tokensWith({ usernameClaim: 'email', usernamePrefix: '' });
    const email = 'jane@example.com';
    await assert.rejects(
      user(await issuer.sign(clock, { email, email_verified: false }), byMail),
      /email not verified/,
    );
    assert.deepEqual(await user(await issuer.sign(clock, { email, email_verified: true }), byMail), {
      name: email,
      groups: [],
    });
    await assert.rejects(user(await issuer.sign(clock), byMail), /claim not present/);
  });

  it('are checked with keys that are fetched once, and again when there are new ones, but not too often', async () => {
    await user(await issuer.sign(clock));
    await user(await issuer.sign(clock));
    assert.deepEqual(issuer.requests, ['/.well-known/openid-configuration', '/keys']);
    await issuer.addKey('two');
    const renewed = await issuer.sign(clock, {}, 'two');
    await assert.rejects(user(renewed), TokenError);
    clock.advance(10_000);
    assert.ok(await user(renewed));
    const before = issuer.requests.length;
    const stranger = await Issuer.start();
    await stranger.addKey('unknown');
    const forged = await stranger.sign(clock, { iss: issuer.url }, 'unknown');
    await stranger.stop();
    for (let attempt = 0; attempt < 5; attempt += 1) await assert.rejects(user(forged), TokenError);
    assert.equal(issuer.requests.length, before);
  });

  it('hold while the issuer is away', async () => {
    const token = await issuer.sign(clock, { exp: 2_000_000_000 });
    await user(token);
    issuer.status = 503;
    clock.advance(3_600_000);
    assert.ok(await user(token));
  });

  it('are none of one that calls itself otherwise, or shows a certificate of a stranger', async () => {
    issuer.lie = { issuer: 'https://other.test' };
    await assert.rejects(user(await issuer.sign(clock)), /keys of the issuer are not known/);
    issuer.lie = {};
    const stranger = await createAuthority('stranger', VALID);
    await assert.rejects(user(await issuer.sign(clock), tokensWith({}, stranger.certificate)), /are not known/);
  });

  it('are signed as was agreed', async () => {
    const other = tokensWith({ signingAlgorithms: ['RS256'] });
    await assert.rejects(user(await issuer.sign(clock), other), /"alg"/);
  });
});
