import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { isStatusError } from '../../../api/errors.ts';
import { kinds } from '../../../api/kinds.ts';
import type { KubeObject } from '../../../api/object.ts';
import { readAdmissionConfig } from '../../../control-plane/admission/config-file.ts';
import { EventRateLimit, type EventLimit } from '../../../control-plane/admission/event-rate-limit.ts';
import type { AdmissionRequest } from '../../../control-plane/registry/admission.ts';
import { FakeClock } from '../../../lib/clock.ts';

const LIMIT: EventLimit = { type: 'Namespace', qps: 2, burst: 3, cacheSize: 2 };

function request(namespace: string, change: Partial<AdmissionRequest> = {}): AdmissionRequest {
  const involvedObject = { kind: 'Pod', namespace, name: 'p', uid: 'u', apiVersion: 'v1' };
  return {
    operation: 'CREATE',
    kind: kinds.events,
    namespace,
    name: 'e',
    subresource: undefined,
    object: { metadata: {}, involvedObject, source: { component: 'c' } } as unknown as KubeObject,
    previous: undefined,
    dryRun: false,
    user: { name: 'anna', groups: [] },
    warn: () => undefined,
    ...change,
  };
}

describe('the rate limit of events', () => {
  const clock = new FakeClock();
  const taken = (plugin: EventRateLimit, namespace: string, tries: number): number => {
    let count = 0;
    for (let at = 0; at < tries; at += 1) {
      try {
        plugin.validate(request(namespace));
        count += 1;
      } catch (error) {
        assert.ok(isStatusError(error, 'TooManyRequests'));
      }
    }
    return count;
  };

  it('lets a burst through and then as many as it fills up by, each namespace for itself', () => {
    const plugin = new EventRateLimit({ limits: [LIMIT], clock });
    assert.equal(taken(plugin, 'a', 10), 3);
    assert.equal(taken(plugin, 'b', 10), 3);
    clock.advance(1000);
    assert.equal(taken(plugin, 'a', 10), 2);
    clock.advance(60_000);
    assert.equal(taken(plugin, 'a', 10), 3);
  });

  it('forgets whom it has not seen for longest', () => {
    const plugin = new EventRateLimit({ limits: [LIMIT], clock });
    for (const namespace of ['a', 'b', 'c']) assert.equal(taken(plugin, namespace, 5), 3);
    assert.equal(taken(plugin, 'c', 5), 0);
    assert.equal(taken(plugin, 'a', 5), 3);
  });

  it('says which limits were reached', () => {
    const limits: EventLimit[] = (['Server', 'User', 'SourceAndObject'] as const).map((type) => ({
      ...LIMIT,
      type,
      burst: 1,
    }));
    const plugin = new EventRateLimit({ limits, clock });
    plugin.validate(request('a'));
    assert.throws(() => plugin.validate(request('a')), {
      message:
        '[limit reached on type Server for key , limit reached on type User for key anna, limit reached on type SourceAndObject for key cPodapuv1]',
    });
  });

  it('concerns events alone, and none that are only tried', () => {
    const plugin = new EventRateLimit({ limits: [LIMIT], clock });
    assert.ok(plugin.handles(request('a')));
    assert.ok(!plugin.handles(request('a', { kind: kinds.pods })));
    assert.ok(!plugin.handles(request('a', { operation: 'DELETE' })));
    assert.ok(!plugin.handles(request('a', { dryRun: true })));
  });
});

describe('the file of admission settings', () => {
  let directory: string;
  beforeEach(() => (directory = mkdtempSync(path.join(tmpdir(), 'dure-admission-'))));
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  const HEAD =
    'apiVersion: apiserver.config.k8s.io/v1\nkind: AdmissionConfiguration\nplugins:\n- name: EventRateLimit\n';
  const LIMITS =
    'apiVersion: eventratelimit.admission.k8s.io/v1alpha1\nkind: Configuration\nlimits: [{type: User, qps: 5, burst: 10}]\n';
  const read = (text: string) => {
    const file = path.join(directory, 'admission.yaml');
    writeFileSync(file, text);
    return readAdmissionConfig(file);
  };

  it('holds limits, or names the file that does', async () => {
    const expected = { eventLimits: [{ type: 'User', qps: 5, burst: 10, cacheSize: 4096 }] };
    writeFileSync(path.join(directory, 'limits.yaml'), LIMITS);
    assert.deepEqual(await read(`${HEAD}  path: limits.yaml\n`), expected);
    const inline = LIMITS.replaceAll(/^/gm, '    ').trimEnd();
    assert.deepEqual(await read(`${HEAD}  configuration:\n${inline}\n`), expected);
  });

  const wrong: [text: string, words: RegExp][] = [
    ['kind: Policy', /admission.yaml: apiVersion must be apiserver.config.k8s.io\/v1$/],
    [HEAD.replace('EventRateLimit', 'Magic'), /plugins\[0\].name must be EventRateLimit/],
    [HEAD, /plugins\[0\].configuration must be an object/],
    [`${HEAD}  path: missing.yaml\n`, /missing.yaml: ENOENT/],
    [
      `${HEAD}  configuration: {apiVersion: eventratelimit.admission.k8s.io/v1alpha1, kind: Configuration, limits: [{type: Moon}]}`,
      /limits\[0\].type must be one of Server, Namespace, User, SourceAndObject$/,
    ],
    [
      `${HEAD}  configuration: {apiVersion: eventratelimit.admission.k8s.io/v1alpha1, kind: Configuration, limits: [{type: User, qps: 0, burst: 1}]}`,
      /limits\[0\].qps must be a whole number of at least 1$/,
    ],
  ];
  for (const [text, message] of wrong) {
    it(`says what is wrong: ${message.source}`, () => assert.rejects(read(text), { message }));
  }
});
