/** Who owns what after updates and applies, and what an apply makes of an object. */
import assert from 'node:assert/strict';
import { StatusError } from '../../../api/errors.ts';
import { kinds } from '../../../api/kinds.ts';
import type { KubeObject } from '../../../api/object.ts';
import type { FieldManager } from '../../../api/apply/field-manager.ts';
import type { ManagedFieldsEntry } from '../../../api/types/meta.v1.ts';
import { deployments, managerOf } from './types.ts';

const NOW = '2026-01-02T03:04:05Z';
const LATER = '2026-01-02T03:04:06Z';
const maps = managerOf(kinds.configmaps);
const services = managerOf(kinds.services);

function map(data: Record<string, string>, metadata: KubeObject['metadata'] = {}): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'm', ...metadata }, data } as KubeObject;
}

function deployment(spec: object, metadata: KubeObject['metadata'] = {}): KubeObject {
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'd', ...metadata }, spec } as KubeObject;
}

function service(spec: object): KubeObject {
  return { apiVersion: 'v1', kind: 'Service', metadata: { name: 's' }, spec } as KubeObject;
}

function container(fields: object): object {
  return { template: { spec: { containers: [{ name: 'c', ...fields }] } } };
}

interface Options {
  force?: boolean;
  now?: string;
  subresource?: string;
}

function apply(
  fields: FieldManager,
  live: KubeObject | undefined,
  config: KubeObject,
  manager: string,
  options: Options = {},
): KubeObject {
  return fields.applied(live, config, { manager, force: false, now: NOW, ...options });
}

/** As the registry does it: the object, with who owns what in it. */
function update(
  fields: FieldManager,
  live: KubeObject | undefined,
  next: KubeObject,
  manager: string,
  options: Options = {},
): KubeObject {
  const managedFields = fields.updated(live, next, { manager, now: NOW, ...options });
  return { ...next, metadata: { ...next.metadata, managedFields: managedFields as ManagedFieldsEntry[] } };
}

function owned({ metadata }: KubeObject): Record<string, unknown> {
  const entries = metadata.managedFields ?? [];
  return Object.fromEntries(
    entries.map(({ manager, operation, subresource, fieldsV1 }) => [
      [manager, operation, ...(subresource ? [subresource] : [])].join(' '),
      fieldsV1,
    ]),
  );
}

function dataOf(object: KubeObject): unknown {
  return (object as { data?: unknown }).data;
}

function specOf(object: KubeObject): Record<string, unknown> {
  return (object as unknown as { spec: Record<string, unknown> }).spec;
}

function refusal(act: () => unknown): StatusError {
  try {
    act();
  } catch (error) {
    if (error instanceof StatusError) return error;
    throw error;
  }
  return assert.fail('it was not refused');
}

describe('updates and who owns what', () => {
  it('a creator owns what it set, but no facts of the object', () => {
    const made = update(maps, undefined, map({ a: '1' }, { labels: { x: 'y' }, uid: 'u', generation: 1 }), 'm');
    assert.deepEqual(owned(made), {
      'm Update': { 'f:metadata': { 'f:labels': { '.': {}, 'f:x': {} } }, 'f:data': { '.': {}, 'f:a': {} } },
    });
    const [entry] = made.metadata.managedFields ?? [];
    assert.deepEqual(
      { ...entry, fieldsV1: undefined },
      {
        manager: 'm',
        operation: 'Update',
        apiVersion: 'v1',
        time: NOW,
        fieldsType: 'FieldsV1',
        fieldsV1: undefined,
      },
    );
  });

  it('who changes a field owns it alone; what goes, nobody owns', () => {
    const made = update(maps, undefined, map({ a: '1', b: '1', c: '1' }), 'first');
    const changed = update(maps, made, map({ a: '1', b: '2' }, made.metadata), 'second', { now: LATER });
    assert.deepEqual(owned(changed), {
      'first Update': { 'f:data': { '.': {}, 'f:a': {} } },
      'second Update': { 'f:data': { 'f:b': {} } },
    });
  });

  it('nothing changes hands, nor its time, when nothing changes', () => {
    const made = update(maps, undefined, map({ a: '1' }), 'first');
    assert.deepEqual(update(maps, made, structuredClone(made), 'second', { now: LATER }), made);
  });

  it('the status is owned through its subresource, and not through the object', () => {
    const made = { ...update(deployments, undefined, deployment({ replicas: 1 }), 'user'), status: {} };
    const reported = { ...made, spec: { replicas: 2 }, status: { readyReplicas: 1 } } as KubeObject;
    assert.deepEqual(owned(update(deployments, made, reported, 'controller', { subresource: 'status' })), {
      'user Update': { 'f:spec': { 'f:replicas': {} } },
      'controller Update status': { 'f:status': { 'f:readyReplicas': {} } },
    });
    assert.deepEqual(owned(update(deployments, made, reported, 'controller')), {
      'controller Update': { 'f:spec': { 'f:replicas': {} } },
    });
  });

  it('what the status leaves alone, who writes it does not own', () => {
    const made = update(deployments, undefined, deployment({ replicas: 1 }), 'user');
    const labelled = { ...made, metadata: { ...made.metadata, labels: { a: 'b' }, annotations: { c: 'd' } } };
    const entry = owned(update(deployments, made, labelled, 'controller', { subresource: 'status' }))[
      'controller Update status'
    ];
    assert.deepEqual(entry, { 'f:metadata': { 'f:annotations': { '.': {}, 'f:c': {} } } });
  });

  it('clients may set the entries themselves, when they are sound', () => {
    const made = update(maps, undefined, map({ a: '1' }), 'first');
    const [entry] = made.metadata.managedFields ?? [];
    const renamed = map({ a: '1' }, { managedFields: [{ ...entry, manager: 'renamed' }] });
    assert.deepEqual(owned(update(maps, made, renamed, 'editor')), { 'renamed Update': entry?.fieldsV1 });
    for (const broken of [
      { operation: 'Guess' },
      { apiVersion: '' },
      { fieldsType: 'V2' },
      { fieldsV1: { spec: {} } },
    ]) {
      const garbled = map({ a: '1' }, { managedFields: [{ ...entry, ...broken }] });
      assert.deepEqual(owned(update(maps, made, garbled, 'editor')), owned(made), JSON.stringify(broken));
    }
  });

  it('clients may take all entries away, and then nobody owns anything until somebody applies', () => {
    const made = update(maps, undefined, map({ a: '1' }), 'first');
    for (const managedFields of [[], [{}]]) {
      const reset = update(maps, made, map({ a: '1' }, { managedFields }), 'editor');
      assert.deepEqual(owned(reset), {});
      const edited = update(maps, reset, map({ a: '2' }), 'editor');
      assert.deepEqual(owned(edited), {});
      const applied = apply(maps, edited, map({ b: '1' }), 'applier');
      assert.deepEqual(owned(applied), {
        'applier Apply': { 'f:data': { 'f:b': {} } },
        'before-first-apply Update': { 'f:data': { '.': {}, 'f:a': {} } },
      });
    }
  });

  it('of many updates the oldest become one', () => {
    let live = update(maps, undefined, map({ k: 'x' }), 'm0');
    for (let index = 1; index <= 12; index++) {
      const data = { ...(dataOf(live) as object), [`k${index}`]: 'x' };
      const now = `2026-01-02T03:04:${String(10 + index)}Z`;
      live = update(maps, live, map(data, live.metadata), `m${index}`, { now });
    }
    const entries = live.metadata.managedFields ?? [];
    assert.equal(entries.length, 10);
    const old = entries.find(({ manager }) => manager === 'ancient-changes');
    assert.deepEqual(old?.fieldsV1, { 'f:data': { '.': {}, 'f:k': {}, 'f:k1': {}, 'f:k2': {}, 'f:k3': {} } });
    assert.equal(old?.time, '2026-01-02T03:04:13Z');
  });
});

describe('apply', () => {
  it('makes what is not there, and is put down as its owner', () => {
    const made = apply(maps, undefined, map({ a: '1' }), 'applier');
    assert.deepEqual(dataOf(made), { a: '1' });
    assert.deepEqual(owned(made), { 'applier Apply': { 'f:data': { 'f:a': {} } } });
  });

  it('takes out what its applier gave up, unless somebody else has it', () => {
    let live = apply(maps, undefined, map({ a: '1', b: '1', c: '1' }), 'one');
    live = apply(maps, live, map({ b: '1' }), 'two');
    live = update(maps, live, map({ ...(dataOf(live) as object), d: '1' }, live.metadata), 'editor');
    live = apply(maps, live, map({ a: '1' }), 'one');
    assert.deepEqual(dataOf(live), { a: '1', b: '1', d: '1' });
    assert.deepEqual(owned(live), {
      'one Apply': { 'f:data': { 'f:a': {} } },
      'two Apply': { 'f:data': { 'f:b': {} } },
      'editor Update': { 'f:data': { 'f:d': {} } },
    });
  });

  it('conflicts with who owns another value, naming each field', () => {
    const live = update(
      deployments,
      undefined,
      deployment({ replicas: 1, ...container({ image: 'a' }) }),
      'kubectl-create',
    );
    const error = refusal(() =>
      apply(deployments, live, deployment({ replicas: 2, ...container({ image: 'b' }) }), 'one'),
    );
    assert.equal(error.code, 409);
    assert.equal(error.reason, 'Conflict');
    const message = 'conflict with "kubectl-create" using apps/v1';
    assert.deepEqual(error.details?.causes, [
      { reason: 'FieldManagerConflict', message, field: '.spec.replicas' },
      { reason: 'FieldManagerConflict', message, field: '.spec.template.spec.containers[name="c"].image' },
    ]);
    assert.equal(
      error.message,
      'Apply failed with 2 conflicts: conflicts with "kubectl-create" using apps/v1:\n- .spec.replicas\n' +
        '- .spec.template.spec.containers[name="c"].image',
    );
  });

  it('tells of one conflict in one line, of appliers by their name, of subresources too', () => {
    const live = apply(maps, undefined, map({ a: '1' }), 'one');
    const error = refusal(() => apply(maps, live, map({ a: '2' }), 'two'));
    assert.equal(error.message, 'Apply failed with 1 conflict: conflict with "one": .data.a');
    const scaled = update(
      deployments,
      apply(deployments, undefined, deployment({ paused: true }), 'x'),
      deployment({ replicas: 3, paused: true }),
      'hpa',
      { subresource: 'scale' },
    );
    assert.equal(
      refusal(() => apply(deployments, scaled, deployment({ replicas: 1 }), 'one')).message,
      'Apply failed with 1 conflict: conflict with "hpa" with subresource "scale" using apps/v1: .spec.replicas',
    );
  });

  it('takes over by force', () => {
    const live = apply(maps, undefined, map({ a: '1', b: '1' }), 'one');
    const taken = apply(maps, live, map({ a: '2' }), 'two', { force: true });
    assert.deepEqual(dataOf(taken), { a: '2', b: '1' });
    assert.deepEqual(owned(taken), {
      'one Apply': { 'f:data': { 'f:b': {} } },
      'two Apply': { 'f:data': { 'f:a': {} } },
    });
    assert.match(
      refusal(() => apply(maps, taken, map({ a: '1', b: '1' }), 'one')).message,
      /conflict with "two": \.data\.a$/,
    );
  });

  it('shares what two apply alike; neither may then change it', () => {
    let live = apply(maps, undefined, map({ a: '1' }), 'one');
    live = apply(maps, live, map({ a: '1' }), 'two');
    assert.equal(refusal(() => apply(maps, live, map({ a: '2' }), 'one')).details?.causes?.length, 1);
    live = apply(maps, live, map({}), 'one');
    assert.deepEqual(dataOf(live), { a: '1' });
    assert.deepEqual(owned(live), { 'two Apply': { 'f:data': { 'f:a': {} } }, 'one Apply': { 'f:data': {} } });
  });

  it('merges lists by their keys, with the key that is a default', () => {
    let live = apply(services, undefined, service({ ports: [{ port: 80, protocol: 'TCP', name: 'a' }] }), 'one');
    live = apply(
      services,
      live,
      service({
        ports: [
          { port: 80, targetPort: 8080 },
          { port: 81, name: 'b' },
        ],
      }),
      'two',
    );
    assert.deepEqual(specOf(live)['ports'], [
      { name: 'a', protocol: 'TCP', port: 80, targetPort: 8080 },
      { name: 'b', port: 81 },
    ]);
    live = apply(services, live, service({ ports: [{ port: 81, name: 'b' }] }), 'two');
    assert.deepEqual(
      (specOf(live)['ports'] as { port: number }[]).map(({ port }) => port),
      [80, 81],
    );
  });

  it('puts items in the order of the configuration, and leaves the others about where they were', () => {
    const containers = (...names: string[]): object => ({
      template: { spec: { containers: names.map((name) => ({ name })) } },
    });
    const namesOf = (object: KubeObject): string[] =>
      (specOf(object)['template'] as { spec: { containers: { name: string }[] } }).spec.containers.map(
        ({ name }) => name,
      );
    const live = update(deployments, undefined, deployment(containers('a', 'b', 'c', 'd')), 'user');
    assert.deepEqual(namesOf(apply(deployments, live, deployment(containers('d', 'b')), 'one')), ['a', 'c', 'd', 'b']);
    assert.deepEqual(namesOf(apply(deployments, live, deployment(containers('x', 'b', 'y')), 'one')), [
      'a',
      'x',
      'b',
      'c',
      'd',
      'y',
    ]);
  });

  it('replaces what is atomic as a whole', () => {
    const selecting = (selector: object): KubeObject => service({ selector, ports: [{ port: 80 }] });
    let live = apply(services, undefined, selecting({ a: '1', b: '1' }), 'one');
    live = apply(services, live, selecting({ c: '1' }), 'one');
    assert.deepEqual(specOf(live)['selector'], { c: '1' });
  });

  it('conflicts about what it would empty', () => {
    const made = update(services, undefined, service({ selector: { a: '1' }, externalName: 'x' }), 'user');
    for (const emptied of [{ selector: {} }, { externalName: '' }, { selector: null }]) {
      assert.match(
        refusal(() => apply(services, made, service(emptied), 'one')).message,
        /^Apply failed with 1 conflict/,
      );
    }
  });

  it('applies sets by their members', () => {
    const held = (...finalizers: string[]): KubeObject => map({}, { finalizers });
    let live = apply(maps, undefined, held('x/a', 'x/b'), 'one');
    live = apply(maps, live, held('x/c'), 'two');
    live = apply(maps, live, held('x/b'), 'one');
    assert.deepEqual(live.metadata.finalizers, ['x/b', 'x/c']);
  });

  it('takes a struct out when nothing in it stays', () => {
    const limited = container({ image: 'a', securityContext: { privileged: true } });
    let live = apply(deployments, undefined, deployment(limited), 'one');
    live = apply(deployments, live, deployment(container({ image: 'a' })), 'one');
    const { containers } = (specOf(live)['template'] as { spec: { containers: object[] } }).spec;
    assert.deepEqual(containers, [{ name: 'c', image: 'a', resources: {} }]);
  });

  it('has no part in what it can not write: the status through the object', () => {
    const config = { ...deployment({ replicas: 1 }), status: { replicas: 5 } } as KubeObject;
    assert.deepEqual(owned(apply(deployments, undefined, config, 'one')), {
      'one Apply': { 'f:spec': { 'f:replicas': {} } },
    });
  });

  it('keeps the time of an entry when nothing changed', () => {
    const live = apply(maps, undefined, map({ a: '1' }), 'one');
    assert.deepEqual(apply(maps, live, map({ a: '1' }), 'one', { now: LATER }), live);
  });

  it('lets kubectl take over what it applied by its annotation, and keeps that in step', () => {
    const annotation = 'kubectl.kubernetes.io/last-applied-configuration';
    const last = JSON.stringify(map({ a: '1', b: '1' }));
    let live = update(
      maps,
      undefined,
      map({ a: '1', b: '1' }, { annotations: { [annotation]: last } }),
      'kubectl-client-side-apply',
    );
    assert.match(refusal(() => apply(maps, live, map({ a: '2' }), 'other')).message, /kubectl-client-side-apply/);
    live = apply(maps, live, map({ a: '2' }), 'kubectl');
    assert.deepEqual(dataOf(live), { a: '2', b: '1' });
    assert.equal(live.metadata.annotations?.[annotation], `${JSON.stringify(map({ a: '2' }))}\n`);
    live = update(maps, live, { ...live, data: { a: '2', b: '3' } } as KubeObject, 'editor');
    assert.match(
      refusal(() => apply(maps, live, map({ a: '2', b: '4' }), 'kubectl')).message,
      /"editor" using v1: \.data\.b$/,
    );
  });

  it('refuses what is no configuration of the kind', () => {
    const cases: [KubeObject, RegExp][] = [
      [{ ...map({}), kind: 'Secret' }, /^invalid object type: \/v1, Kind=Secret$/],
      [{ ...deployment({}), apiVersion: 'apps/v2' }, /^invalid object type: apps\/v2, Kind=Deployment$/],
      [map({}, { managedFields: [] }), /^metadata\.managedFields must be nil$/],
      [
        { ...map({}), extra: 1 } as KubeObject,
        /^failed to create typed patch object \(m; v1, Kind=ConfigMap\): \.extra: field not declared in schema$/,
      ],
      [map({ a: 1 as unknown as string }), /^failed to create typed patch object/],
    ];
    for (const [config, message] of cases) {
      const fields = message.source.includes('apps') ? deployments : maps;
      const error = refusal(() => apply(fields, undefined, config, 'one'));
      assert.deepEqual([error.code, error.reason], [400, 'BadRequest']);
      assert.match(error.message, message);
    }
    const twice = deployment({ template: { spec: { containers: [{ name: 'c' }, { name: 'c' }] } } });
    assert.match(
      refusal(() => apply(deployments, undefined, twice, 'one')).message,
      /\.spec\.template\.spec\.containers: duplicate entries for key \[name="c"\]$/,
    );
    const nameless = deployment({ template: { spec: { containers: [{ image: 'c' }] } } });
    assert.match(
      refusal(() => apply(deployments, undefined, nameless, 'one')).message,
      /omits all key fields \["name"\]/,
    );
  });
});
