import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { isStatusError } from '../../../api/errors.ts';
import { kinds } from '../../../api/kinds.ts';
import { checkDnsLabel } from '../../../api/machinery/names.ts';
import { validateRequest } from '../../../api/validation/certificates.ts';
import type { CertificateSigningRequest } from '../../../api/types/certificates.v1.ts';
import type { User } from '../../../control-plane/user.ts';
import { planRequest, type RequestSnapshot } from '../../../control-plane/controllers/certificates/plan.ts';
import { Pki } from '../../../control-plane/server/pki.ts';
import { readCertificateRequest } from '../../../lib/certificate-requests.ts';
import { createAuthority, createSigningRequest } from '../../../lib/certificates.ts';
import { FakeClock } from '../../../lib/clock.ts';
import { silentLog } from '../../../lib/log.ts';
import { startRegistry, type Harness } from '../registry/harness.ts';

const CLIENT = 'kubernetes.io/kube-apiserver-client';
const NODE = 'kubernetes.io/kube-apiserver-client-kubelet';
const APPROVED = { type: 'Approved', status: 'True', reason: 'Test' };
const NOW = '2026-01-01T00:00:00Z';

async function pemFor(commonName: string, organizations: string[] = []): Promise<string> {
  const { request } = await createSigningRequest({ commonName, organizations });
  return Buffer.from(request).toString('base64');
}

function requestFor(pem: string, spec: Partial<CertificateSigningRequest['spec']> = {}): CertificateSigningRequest {
  return {
    metadata: { name: 'r', uid: 'u', creationTimestamp: NOW },
    spec: { request: pem, signerName: CLIENT, usages: ['client auth'], ...spec },
    status: {},
  };
}

describe('requests for certificates', () => {
  let harness: Harness;
  beforeEach(async () => {
    harness = await startRegistry();
  });
  afterEach(() => harness.stop());

  const requests = (): ReturnType<typeof harness.registry.of<CertificateSigningRequest>> =>
    harness.registry.of(kinds.certificatesigningrequests);
  const jane: User = { name: 'jane', uid: '7', groups: ['devs'], extra: { scopes: ['view'] } };

  function messages(field: string): (error: unknown) => boolean {
    return (error) => {
      assert.ok(isStatusError(error, 'Invalid'), String(error));
      assert.ok(
        error.details?.causes?.some((cause) => cause.field === field),
        JSON.stringify(error.details),
      );
      return true;
    };
  }

  it('say who asks, whatever he says himself', async () => {
    const spec = { username: 'root', groups: ['system:masters'], extra: { scopes: ['all'] } };
    const made = await requests().create(requestFor(await pemFor('jane'), spec), { user: jane });
    const { username, uid, groups, extra } = made.spec;
    assert.deepEqual(
      { username, uid, groups, extra },
      { username: 'jane', uid: '7', groups: ['devs'], extra: { scopes: ['view'] } },
    );
    assert.deepEqual(made.status, {});
  });

  it('never change what they ask for', async () => {
    const made = await requests().create(requestFor(await pemFor('jane')), { user: jane });
    const wanted = { ...made, spec: { ...made.spec, usages: ['server auth'], username: 'root' } };
    const changed = await requests().update({ ...wanted, metadata: { ...made.metadata, labels: { a: 'b' } } });
    assert.deepEqual([changed.spec, changed.metadata.labels], [made.spec, { a: 'b' }]);
  });

  it('are refused when they are wrong', async () => {
    const pem = await pemFor('jane');
    const refused: [Partial<CertificateSigningRequest['spec']>, string][] = [
      [{ request: Buffer.from('no PEM').toString('base64') }, 'spec.request'],
      [{ usages: [] }, 'spec.usages'],
      [{ usages: ['client auth', 'drinking'] }, 'spec.usages[1]'],
      [{ usages: ['client auth', 'client auth'] }, 'spec.usages[1]'],
      [{ signerName: '' }, 'spec.signerName'],
      [{ signerName: 'bare' }, 'spec.signerName'],
      [{ signerName: 'nodots/name' }, 'spec.signerName'],
      [{ signerName: 'kubernetes.io/legacy-unknown' }, 'spec.signerName'],
      [{ expirationSeconds: 599 }, 'spec.expirationSeconds'],
    ];
    for (const [spec, field] of refused)
      await assert.rejects(requests().create(requestFor(pem, spec)), messages(field));
  });

  it('are refused when their sender does not hold the key', async () => {
    const pem = Buffer.from(await pemFor('jane'), 'base64').toString();
    const body = Buffer.from(pem.split('\n').slice(1, -1).join(''), 'base64');
    const at = body.indexOf('jane');
    body.write('mary', at);
    const forged = `-----BEGIN CERTIFICATE REQUEST-----\n${body.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
    const encoded = Buffer.from(forged).toString('base64');
    await assert.rejects(requests().create(requestFor(encoded)), messages('spec.request'));
  });

  it('make nobody an administrator', async () => {
    const masters = requestFor(await pemFor('jane', ['system:masters']));
    await assert.rejects(requests().create(masters), /with system:masters group is not allowed/);
  });

  it('are approved once and for all, and by approval alone', async () => {
    const made = await requests().create(requestFor(await pemFor('jane')));
    const withConditions =
      (...conditions: object[]) =>
      (current: CertificateSigningRequest): CertificateSigningRequest => ({
        ...current,
        status: { conditions: conditions as never },
      });
    const status = { ...made, status: { conditions: [APPROVED] } };
    const ignored = await requests().update(status, { subresource: 'status' });
    assert.deepEqual(ignored.status.conditions ?? [], []);
    const approve = (decide: ReturnType<typeof withConditions>): Promise<CertificateSigningRequest> =>
      requests().mutate('', 'r', decide, { subresource: 'approval' });
    const approved = await approve(withConditions(APPROVED));
    assert.deepEqual(approved.status.conditions, [{ ...APPROVED, lastUpdateTime: NOW, lastTransitionTime: NOW }]);
    await assert.rejects(approve(withConditions()), messages('status.conditions'));
    const both = withConditions(APPROVED, { ...APPROVED, type: 'Denied' });
    await assert.rejects(approve(both), messages('status.conditions[1].type'));
  });

  it('get their certificate once, from who may sign', async () => {
    const made = await requests().create(requestFor(await pemFor('jane')));
    const { certificate: text } = await createAuthority('a', { notBefore: new Date(NOW), notAfter: new Date(NOW) });
    const signed = (pem: string): CertificateSigningRequest => ({
      ...made,
      metadata: { name: 'r' },
      status: { certificate: Buffer.from(pem).toString('base64') },
    });
    const update = { subresource: 'status' as const };
    await assert.rejects(
      requests().update(signed(text), { ...update, user: jane }),
      /user not permitted to sign requests/,
    );
    await assert.rejects(requests().update(signed('junk'), update), messages('status.certificate'));
    const hollow = '-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n';
    await assert.rejects(requests().update(signed(hollow), update), /x509: malformed certificate/);
    await requests().update(signed(text), update);
    await assert.rejects(requests().update(signed(text + text), update), messages('status.certificate'));
  });
});

describe('validation of requests for certificates', () => {
  const problems = (spec: object): string[] =>
    validateRequest(requestFor('', spec)).map(({ field, message }) => `${field}: ${message}`);
  const label = (text: string): string => checkDnsLabel(text).join();

  it('of the name of the signer: of each part the first label that is wrong, and the length of the whole', () => {
    const long = `${'a.'.repeat(150)}b`;
    assert.deepEqual(problems({ signerName: `example.com/${long}${long.slice(0, 201)}` }), []);
    assert.deepEqual(problems({ signerName: `example.com/${long}${long}` }), [
      'spec.signerName: Too long: may not be more than 571 bytes',
    ]);
    assert.deepEqual(problems({ signerName: 'A.B/x' }), [
      `spec.signerName: Invalid value: "A.B": validating label "A": ${label('A')}`,
    ]);
    assert.deepEqual(problems({ signerName: 'example/x' }), [
      'spec.signerName: Invalid value: "example": should be a domain with at least two segments separated by dots',
    ]);
  });

  it('of usages: unknown ones first, then those that are there twice', () => {
    const [unknown = '', ...others] = problems({ usages: ['any', 'any', 'all'] });
    assert.match(unknown, /^spec\.usages\[2\]: Unsupported value: "all": supported values: "any", "cert sign"/);
    assert.deepEqual(others, ['spec.usages[1]: Duplicate value: "any"']);
  });
});

describe('what is done about a request for a certificate', () => {
  let node: string;
  before(async () => {
    node = await pemFor('system:node:n1', ['system:nodes']);
  });

  function plan(request: CertificateSigningRequest, more: Partial<RequestSnapshot> = {}): string[] {
    const read = readCertificateRequest;
    const snapshot = { request, read, endOf: () => Infinity, mayHave: () => false, date: new Date(NOW), ...more };
    return planRequest(snapshot).actions.map((action) => action.do);
  }
  const nodeRequest = (more: object = {}): CertificateSigningRequest =>
    requestFor(node, { signerName: NODE, usages: ['client auth', 'digital signature'], ...more });
  const approved = (request: CertificateSigningRequest): CertificateSigningRequest => ({
    ...request,
    status: { conditions: [{ ...APPROVED, lastUpdateTime: NOW }] },
  });

  it('a node has its own approved, and whoever brings nodes in those of any', () => {
    const self = (_user: User, subresource: string): boolean => subresource === 'selfnodeclient';
    assert.deepEqual(plan(nodeRequest({ username: 'system:node:n1' }), { mayHave: self }), ['approve-certificate']);
    assert.deepEqual(plan(nodeRequest({ username: 'system:node:n2' }), { mayHave: self }), []);
    const any = (_user: User, subresource: string): boolean => subresource === 'nodeclient';
    assert.deepEqual(plan(nodeRequest({ username: 'bringer' }), { mayHave: any }), ['approve-certificate']);
    const serving = nodeRequest({ username: 'system:node:n1', usages: ['server auth'] });
    assert.deepEqual(plan(serving, { mayHave: () => true }), []);
  });

  it('what is approved is signed, unless its signer signs no such thing or is none of ours', async () => {
    const jane = await pemFor('jane');
    assert.deepEqual(plan(requestFor(jane)), []);
    assert.deepEqual(plan(approved(requestFor(jane))), ['sign-certificate']);
    assert.deepEqual(plan(approved(requestFor(jane, { usages: ['server auth'] }))), ['set-conditions']);
    assert.deepEqual(plan(approved(requestFor(jane, { signerName: 'example.com/mine' }))), []);
    const denied = approved(requestFor(jane));
    denied.status.conditions?.push({ type: 'Failed', status: 'True', lastUpdateTime: NOW });
    assert.deepEqual(plan(denied), []);
  });

  it('it is forgotten an hour after the decision, a day after it was made without one', async () => {
    const jane = requestFor(await pemFor('jane'));
    const at = (hours: number): Date => new Date(Date.parse(NOW) + hours * 3_600_000);
    assert.deepEqual(plan(jane, { date: at(23.9) }), []);
    assert.deepEqual(plan(jane, { date: at(24) }), ['delete']);
    const denied = { ...jane, status: { conditions: [{ type: 'Denied', status: 'True', lastUpdateTime: NOW }] } };
    assert.deepEqual(plan(denied, { date: at(1) }), ['delete']);
    const issued = approved(jane);
    issued.status.certificate = 'AA==';
    assert.deepEqual(plan(issued, { date: at(0.9) }), []);
    assert.deepEqual(plan(issued, { date: at(1) }), ['delete']);
    assert.deepEqual(plan(issued, { date: at(0.5), endOf: () => at(0.4).getTime() }), ['delete']);
  });
});

describe('a certificate that was asked for', () => {
  it('is of whom the request names, for as long as it asks', async () => {
    const directory = await mkdtemp(path.join(tmpdir(), 'dure-csr-'));
    try {
      const clock = new FakeClock();
      const pki = new Pki({
        directory,
        dnsNames: [],
        addresses: [],
        clusterDomain: 'cluster.local',
        serviceAddress: '10.96.0.1',
        url: () => 'https://127.0.0.1',
        clock,
        log: silentLog,
      });
      await pki.start();
      const request = requestFor(await pemFor('jane', ['devs', 'ops']), {
        usages: ['client auth', 'key encipherment'],
        expirationSeconds: 3600,
      });
      const certificate = new X509Certificate(await pki.signForSigner(request));
      await pki.stop();
      assert.ok(certificate.verify(new X509Certificate(pki.authorityCertificate).publicKey));
      assert.match(certificate.subject, /O=devs\nO=ops\nCN=jane/);
      assert.deepEqual(certificate.keyUsage, ['1.3.6.1.5.5.7.3.2']);
      assert.equal(certificate.validToDate.getTime() - certificate.validFromDate.getTime(), 3_600_000);
      assert.equal(certificate.ca, false);
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});
