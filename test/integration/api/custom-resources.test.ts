import assert from 'node:assert/strict';
import { SchemaTypes } from '../../../api/apply/schema-types.ts';
import { kinds } from '../../../api/kinds.ts';
import type { KubeObject } from '../../../api/object.ts';
import { Codec } from '../../../api/schema/codec.ts';
import { loadSchemaTable } from '../../../api/schema/table.ts';
import type { Status } from '../../../api/types/meta.v1.ts';
import { AdmissionChain } from '../../../control-plane/admission/chain.ts';
import type { Runner } from '../../../control-plane/controllers/runner.ts';
import { customResources } from '../../../control-plane/custom-resources/compose.ts';
import { Caches } from '../../../control-plane/registry/caches.ts';
import { ResourceRegistry } from '../../../control-plane/registry/registry.ts';
import { systemClock } from '../../../lib/clock.ts';
import { silentLog } from '../../../lib/log.ts';
import { Metrics } from '../../../lib/metrics.ts';
import { TestServer } from '../../support/api-server.ts';
import { definitionRunner } from '../../support/definition-controller.ts';
import { kubectl } from '../../support/kubectl.ts';
import { adminAccess, RawClient, type RawAnswer } from '../../support/raw-requests.ts';
import { WebhookServer } from '../../support/webhook-server.ts';

const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const TABS = '/apis/stable.example.com/v1/namespaces/default/crontabs';

interface Custom extends KubeObject {
  spec?: Record<string, unknown>;
  status?: Record<string, unknown>;
}

const SCHEMA = {
  type: 'object',
  required: ['spec'],
  properties: {
    spec: {
      type: 'object',
      description: 'What is to happen when.',
      required: ['cron'],
      properties: {
        cron: { type: 'string', pattern: '^(\\S+ ){4}\\S+$', description: 'When, in five fields.' },
        replicas: { type: 'integer', minimum: 0, maximum: 10, default: 1 },
        policy: { type: 'string', enum: ['Allow', 'Forbid'] },
        extra: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
        ports: {
          type: 'array',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['port'],
          items: { type: 'object', required: ['port'], properties: { port: { type: 'integer' } } },
        },
        limit: { 'x-kubernetes-int-or-string': true },
      },
    },
    status: {
      type: 'object',
      properties: { replicas: { type: 'integer' }, labelSelector: { type: 'string' } },
    },
  },
};

function definition(plural: string, kind: string, versions?: object[], group = 'stable.example.com') {
  const v1 = {
    name: 'v1',
    served: true,
    storage: true,
    schema: { openAPIV3Schema: SCHEMA },
    subresources: {
      status: {},
      scale: {
        specReplicasPath: '.spec.replicas',
        statusReplicasPath: '.status.replicas',
        labelSelectorPath: '.status.labelSelector',
      },
    },
    additionalPrinterColumns: [
      { name: 'Cron', type: 'string', jsonPath: '.spec.cron' },
      { name: 'Replicas', type: 'integer', jsonPath: '.spec.replicas', priority: 1 },
      { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
    ],
    selectableFields: [{ jsonPath: '.spec.policy' }],
  };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { plural, kind, shortNames: [plural.slice(0, 2)], categories: ['all'] },
      versions: versions ?? [v1],
    },
  };
}

describe('custom resources', () => {
  let server: TestServer;
  let client: RawClient;
  let runner: Runner;

  const send = (method: string, path: string, body?: unknown, type = 'application/json'): Promise<RawAnswer> =>
    client.ask(path, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': type } }),
    });
  const json = <T = Custom>(answer: RawAnswer): T => JSON.parse(answer.text) as T;

  /** Resolves once the definition's condition has the status. */
  function whenCondition(name: string, type: string, wanted: string): Promise<void> {
    const { view } = server.registry.resource(kinds.customresourcedefinitions);
    const holds = (): boolean =>
      view.get(name)?.status.conditions.some((each) => each.type === type && each.status === wanted) === true;
    return new Promise((resolve) => {
      const look = (): void => {
        if (!holds()) return;
        end();
        resolve();
      };
      const end = view.subscribe(look);
      look();
    });
  }

  function whenGone(name: string): Promise<void> {
    const { view } = server.registry.resource(kinds.customresourcedefinitions);
    return new Promise((resolve) => {
      const end = view.subscribe(({ type, key }) => {
        if (type !== 'deleted' || key !== name) return;
        end();
        resolve();
      });
      if (view.get(name)) return;
      end();
      resolve();
    });
  }

  async function define(made: ReturnType<typeof definition>): Promise<void> {
    const answer = await send('POST', DEFINITIONS, made);
    assert.equal(answer.code, 201, answer.text);
    await whenCondition(made.metadata.name, 'Established', 'True');
  }

  const tab = (name: string, spec: object, rest: object = {}): object => ({
    apiVersion: 'stable.example.com/v1',
    kind: 'CronTab',
    metadata: { name },
    spec,
    ...rest,
  });

  before(async () => {
    server = await TestServer.start();
    client = new RawClient(await adminAccess(server));
    runner = definitionRunner(server.registry, () => server.whenFresh());
    await runner.start();
    await define(definition('crontabs', 'CronTab'));
  });
  after(async () => {
    await runner.stop();
    client.close();
    await server.stop();
  });

  it('are created with defaults, and without what their schema does not know', async () => {
    const spec = { cron: '* * * * *', bogus: 1, extra: { anything: [1] }, limit: '50%', policy: null };
    const answer = await send('POST', `${TABS}?fieldValidation=Ignore`, tab('a', spec, { status: { replicas: 3 } }));
    assert.equal(answer.code, 201, answer.text);
    const made = json(answer);
    assert.deepEqual(made.spec, { cron: '* * * * *', extra: { anything: [1] }, limit: '50%', replicas: 1 });
    assert.equal(made.status, undefined);
    assert.equal(made.metadata.generation, 1);
    assert.deepEqual(json(await send('GET', `${TABS}/a`)).spec, made.spec);
  });

  it('warn of unknown fields, or are refused for them', async () => {
    const spec = { cron: '* * * * *', bogus: 1 };
    const warned = await send('POST', `${TABS}?dryRun=All`, tab('b', spec));
    assert.equal(warned.code, 201);
    assert.match(String(warned.headers['warning']), /unknown field \\"spec\.bogus\\"/);
    const strict = await send('POST', `${TABS}?fieldValidation=Strict`, tab('b', spec));
    assert.equal(strict.code, 400);
    assert.match(json<Status>(strict).message ?? '', /strict decoding error: unknown field "spec\.bogus"/);
  });

  it('tell of unknown metadata, their own and that of resources within them', async () => {
    const template = {
      type: 'object',
      'x-kubernetes-embedded-resource': true,
      'x-kubernetes-preserve-unknown-fields': true,
    };
    const schema = { type: 'object', properties: { spec: { type: 'object', properties: { template } } } };
    const versions = [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }];
    await define(definition('nests', 'Nest', versions));
    const nest = {
      apiVersion: 'stable.example.com/v1',
      kind: 'Nest',
      metadata: { name: 'n', unknownMeta: 1 },
      spec: { template: { apiVersion: 'v1', kind: 'X', metadata: { name: 'x', unknownSubMeta: 1 }, free: 1 } },
    };
    const path = '/apis/stable.example.com/v1/namespaces/default/nests';
    const strict = json<Status>(await send('POST', `${path}?fieldValidation=Strict`, nest));
    assert.match(strict.message ?? '', /unknown field "metadata\.unknownMeta"/);
    assert.match(strict.message ?? '', /unknown field "spec\.template\.metadata\.unknownSubMeta"/);
    const made = json(await send('POST', path, nest));
    const { template: kept } = made.spec as { template: { metadata: object; free: number } };
    assert.deepEqual([Object.keys(kept.metadata).includes('unknownSubMeta'), kept.free], [false, 1]);
  });

  it('are refused with causes in Kubernetes words', async () => {
    const spec = { replicas: 'many', policy: 'Maybe', ports: [{ port: 1 }, { port: 1 }], extra: {} };
    const answer = await send('POST', TABS, tab('c', spec));
    assert.equal(answer.code, 422);
    const causes = json<Status>(answer).details?.causes?.map(({ reason, field, message }) => [field, reason, message]);
    assert.deepEqual(causes, [
      [
        'spec.replicas',
        'FieldValueTypeInvalid',
        'Invalid value: "string": spec.replicas in body must be of type integer: "string"',
      ],
      ['spec.policy', 'FieldValueNotSupported', 'Unsupported value: "Maybe": supported values: "Allow", "Forbid"'],
      ['spec.cron', 'FieldValueRequired', 'Required value'],
      [
        '.spec.replicas',
        'FieldValueInvalid',
        'Invalid value: 0: .spec.replicas accessor error: "many" is not an integer',
      ],
      ['spec.ports[1]', 'FieldValueDuplicate', 'Duplicate value: {"port":1}'],
    ]);
  });

  it('keep status and spec apart, and count the generation by the spec', async () => {
    await send('POST', TABS, tab('d', { cron: '* * * * *' }));
    const merge = 'application/merge-patch+json';
    const patched = json(await send('PATCH', `${TABS}/d`, { spec: { replicas: 2 }, status: { replicas: 9 } }, merge));
    assert.deepEqual([patched.metadata.generation, patched.status], [2, undefined]);
    const status = json(
      await send(
        'PATCH',
        `${TABS}/d/status`,
        { spec: { replicas: 7 }, status: { replicas: 2, labelSelector: 'a=b' } },
        merge,
      ),
    );
    assert.deepEqual([status.metadata.generation, status.spec?.['replicas'], status.status?.['replicas']], [2, 2, 2]);
    const strategic = await send('PATCH', `${TABS}/d`, {}, 'application/strategic-merge-patch+json');
    assert.equal(strategic.code, 415);
    const scale = json(await send('GET', `${TABS}/d/scale`));
    assert.deepEqual([scale.spec, scale.status], [{ replicas: 2 }, { replicas: 2, selector: 'a=b' }]);
    const scaled = await send('PATCH', `${TABS}/d/scale`, { spec: { replicas: 5 } }, merge);
    assert.equal(scaled.code, 200, scaled.text);
    assert.equal(json(await send('GET', `${TABS}/d`)).spec?.['replicas'], 5);
  });

  it('do not speak protobuf', async () => {
    const accept = 'application/vnd.kubernetes.protobuf';
    assert.equal((await client.ask(TABS, { headers: { accept } })).code, 406);
    const body = await client.ask(TABS, { method: 'POST', body: 'k8s\0', headers: { 'content-type': accept } });
    assert.equal(body.code, 415);
  });

  it('are selected by the fields their definition names', async () => {
    await send('POST', TABS, tab('e', { cron: '* * * * *', policy: 'Forbid' }));
    const found = json<{ items: Custom[] }>(await send('GET', `${TABS}?fieldSelector=spec.policy%3DForbid`));
    assert.deepEqual(
      found.items.map(({ metadata }) => metadata.name),
      ['e'],
    );
    assert.equal((await send('GET', `${TABS}?fieldSelector=spec.cron%3Dx`)).code, 400);
  });

  it('tolerate on update what was wrong before and stays as it was', async () => {
    const loose = {
      type: 'object',
      properties: { spec: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
    };
    const version = (schema: object) => [
      { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } },
    ];
    await define(definition('oldies', 'Oldie', version(loose)));
    const path = '/apis/stable.example.com/v1/namespaces/default/oldies';
    const made = {
      apiVersion: 'stable.example.com/v1',
      kind: 'Oldie',
      metadata: { name: 'o' },
      spec: { a: 'x', b: 1 },
    };
    assert.equal((await send('POST', path, made)).code, 201);
    const spec = { type: 'object', properties: { a: { type: 'integer' }, b: { type: 'integer' } } };
    const { code, text } = await send(
      'PATCH',
      `${DEFINITIONS}/oldies.stable.example.com`,
      { spec: { versions: version({ type: 'object', properties: { spec } }) } },
      'application/merge-patch+json',
    );
    assert.equal(code, 200, text);
    await server.whenFresh();
    const merge = 'application/merge-patch+json';
    assert.equal((await send('PATCH', `${path}/o`, { spec: { b: 2 } }, merge)).code, 200);
    assert.equal((await send('PATCH', `${path}/o`, { spec: { a: 'y' } }, merge)).code, 422);
  });

  it('are read by the real kubectl: columns, explain, validation before sending', async () => {
    await send('POST', TABS, tab('k', { cron: '1 2 3 4 5', replicas: 3 }));
    const run = (args: string, stdin = '') => kubectl(server.kubeconfig, args.split(' '), stdin);
    const table = await run('get cr k -o wide');
    assert.match(table.stdout, /NAME\s+CRON\s+REPLICAS\s+AGE\nk\s+1 2 3 4 5\s+3\s+\d+s/, table.stderr);
    const explained = await run('explain crontabs.spec.cron');
    assert.match(explained.stdout, /When, in five fields\./, explained.stderr);
    const whole = await run('explain crontabs');
    assert.match(whole.stdout, /apiVersion\s<string>\s+APIVersion defines the versioned schema/, whole.stderr);
    const bad = await run('create -f -', JSON.stringify(tab('z', { cron: '* * * * *', nonsense: true })));
    assert.notEqual(bad.code, 0);
    assert.match(bad.stderr, /unknown field "spec\.nonsense"/);
    const scaled = await run('scale crontab k --replicas=4');
    assert.equal(scaled.code, 0, scaled.stderr);
  });

  it('are found at once on another server of the same store', async () => {
    const { store } = server;
    const given = { store, clock: systemClock, log: silentLog };
    const caches = new Caches({ ...given, metrics: new Metrics(), indexesOf: () => ({}) });
    await caches.start();
    const table = loadSchemaTable();
    const codec = new Codec({ table });
    const newUid = (): string => 'unused';
    const registry = new ResourceRegistry({
      ...given,
      types: new SchemaTypes({ table, codec }),
      cacheOf: (kind) => caches.of(kind),
      newUid,
      random: () => 0,
      serviceCidr: '10.96.0.0/16',
      admission: () => new AdmissionChain([]),
    });
    const webhooks = { call: () => Promise.reject(new Error('not asked for')) };
    const custom = customResources({ registry, caches, codec, log: silentLog, webhooks, newUid });
    await custom.start();
    try {
      assert.ok(registry.find('stable.example.com', 'v1', 'crontabs'));
      await define(definition('aliens', 'Alien'));
      assert.ok(await registry.findFresh('stable.example.com', 'v1', 'aliens'));
    } finally {
      await custom.stop();
      await caches.stop();
    }
  });

  it('share no names with others of their group', async () => {
    const rival = definition('rivals', 'CronTab');
    assert.equal((await send('POST', DEFINITIONS, rival)).code, 201);
    await whenCondition('rivals.stable.example.com', 'NamesAccepted', 'False');
    const { status } = json<{ status: { conditions: { type: string; reason: string; message: string }[] } }>(
      await send('GET', `${DEFINITIONS}/rivals.stable.example.com`),
    );
    const named = status.conditions.find(({ type }) => type === 'NamesAccepted');
    assert.equal(named?.reason, 'ListKindConflict');
    assert.match(named?.message ?? '', /"CronTabList" is already in use/);
    assert.equal((await send('GET', '/apis/stable.example.com/v1/rivals')).code, 404);
  });

  it('go with their definition, and watches of them end', async () => {
    await define(definition('mayflies', 'Mayfly'));
    const path = '/apis/stable.example.com/v1/namespaces/default/mayflies';
    const made = {
      apiVersion: 'stable.example.com/v1',
      kind: 'Mayfly',
      metadata: { name: 'm' },
      spec: { cron: '* * * * *' },
    };
    assert.equal((await send('POST', path, made)).code, 201);
    const watched = send('GET', `${path}?watch=true`);
    const gone = whenGone('mayflies.stable.example.com');
    assert.equal((await send('DELETE', `${DEFINITIONS}/mayflies.stable.example.com`)).code, 200);
    await gone;
    const lines = (await watched).text.trim().split('\n');
    assert.equal((JSON.parse(lines.at(-1) ?? '') as { type: string }).type, 'DELETED');
    await server.whenFresh();
    assert.equal((await send('GET', path)).code, 404);
    const discovery = json<{ resources: { name: string }[] }>(await send('GET', '/apis/stable.example.com/v1'));
    assert.ok(!discovery.resources.some(({ name }) => name === 'mayflies'));
  });

  it('keep to rules, also over time', async () => {
    const rules = [
      { rule: 'self.min <= self.max', messageExpression: '"min " + string(self.min) + " is above max"' },
      { rule: '!has(oldSelf.max) || self.max >= oldSelf.max', message: 'max never shrinks', fieldPath: '.max' },
    ];
    const spec = {
      type: 'object',
      required: ['min', 'max'],
      properties: { min: { type: 'integer' }, max: { type: 'integer' } },
      'x-kubernetes-validations': rules,
    };
    const version = (of: object) => [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', properties: { spec: of } } },
      },
    ];
    await define(definition('ranges', 'Range', version(spec)));
    const path = '/apis/stable.example.com/v1/namespaces/default/ranges';
    const range = (min: number, max: number) => ({
      apiVersion: 'stable.example.com/v1',
      kind: 'Range',
      metadata: { name: 'r' },
      spec: { min, max },
    });
    const refused = await send('POST', path, range(3, 2));
    assert.match(json<Status>(refused).message ?? '', /spec: Invalid value: min 3 is above max/);
    assert.equal((await send('POST', path, range(1, 9))).code, 201);
    const merge = 'application/merge-patch+json';
    const shrunk = json<Status>(await send('PATCH', `${path}/r`, { spec: { max: 5 } }, merge));
    assert.deepEqual(shrunk.details?.causes, [
      { reason: 'FieldValueInvalid', message: 'Invalid value: max never shrinks', field: 'spec.max' },
    ]);
    const broken = { ...spec, 'x-kubernetes-validations': [{ rule: 'self.nowhere > 1' }] };
    const unknown = await send('POST', DEFINITIONS, definition('brokens', 'Broken', version(broken)));
    assert.equal(unknown.code, 422);
    assert.match(json<Status>(unknown).message ?? '', /undefined field 'nowhere'/);
  });

  it('are converted by a webhook, for every verb', async () => {
    interface Sized extends KubeObject {
      size?: number;
      width?: number;
    }
    const webhook = await WebhookServer.start();
    webhook.decide = ({ review }) => {
      const { objects, desiredAPIVersion } = review.request as unknown as {
        objects: Sized[];
        desiredAPIVersion: string;
      };
      const convertedObjects = objects.map(({ size, width, ...rest }) => ({
        ...rest,
        apiVersion: desiredAPIVersion,
        ...(desiredAPIVersion.endsWith('/v1') ? { size: width } : { width: size }),
      }));
      return { result: { status: 'Success' }, convertedObjects };
    };
    const version = (name: string, storage: boolean, field: string) => ({
      name,
      served: true,
      storage,
      schema: { openAPIV3Schema: { type: 'object', properties: { [field]: { type: 'integer' } } } },
    });
    const made = definition('boxes', 'Box', [version('v1', true, 'size'), version('v2', false, 'width')]);
    const conversion = {
      strategy: 'Webhook',
      webhook: { clientConfig: webhook.config('/convert'), conversionReviewVersions: ['v1'] },
    };
    await define({ ...made, spec: { ...made.spec, conversion } as typeof made.spec });
    const at = (name: string): string => `/apis/stable.example.com/${name}/namespaces/default/boxes`;
    const box = (name: string, width: number) => ({
      apiVersion: 'stable.example.com/v2',
      kind: 'Box',
      metadata: { name },
      width,
    });
    try {
      const answer = await send('POST', at('v2'), box('b', 4));
      assert.equal(answer.code, 201, answer.text);
      assert.equal(json<Sized>(answer).width, 4);
      assert.equal(json<Sized>(await send('GET', `${at('v1')}/b`)).size, 4);
      const merge = 'application/merge-patch+json';
      assert.equal(json<Sized>(await send('PATCH', `${at('v2')}/b`, { width: 5 }, merge)).width, 5);
      await send('POST', at('v1'), { ...box('c', 0), apiVersion: 'stable.example.com/v1', size: 7 });
      const list = json<{ items: Sized[]; metadata: { resourceVersion: string } }>(await send('GET', at('v2')));
      assert.deepEqual(
        list.items.map(({ width }) => width),
        [5, 7],
      );
      const watched = send('GET', `${at('v2')}?watch=true&timeoutSeconds=1`);
      const seen = (await watched).text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { object: Sized });
      assert.deepEqual(new Set(seen.map(({ object }) => object.width)), new Set([5, 7]));
      webhook.decide = () => ({ result: { status: 'Failure', message: 'out of order' } });
      const refused = await send('POST', at('v2'), box('d', 1));
      assert.equal(refused.code, 500);
      assert.match(
        json<Status>(refused).message ?? '',
        /conversion webhook for stable\.example\.com\/v2, Kind=Box failed: out of order/,
      );
    } finally {
      webhook.stop();
    }
  });

  it('are served in several versions, of which one is stored', async () => {
    const version = (name: string, storage: boolean, field: string, more: object = {}) => ({
      name,
      served: true,
      storage,
      schema: {
        openAPIV3Schema: {
          type: 'object',
          properties: { both: { type: 'string' }, [field]: { type: 'string', default: field } },
        },
      },
      ...more,
    });
    const versions = [version('v1', true, 'one'), version('v1beta1', false, 'beta', { deprecated: true })];
    await define(definition('shapes', 'Shape', versions));
    const at = (name: string): string => `/apis/stable.example.com/${name}/namespaces/default/shapes`;
    const made = await send('POST', at('v1beta1'), {
      apiVersion: 'stable.example.com/v1beta1',
      kind: 'Shape',
      metadata: { name: 's' },
      both: 'x',
    });
    assert.equal(made.code, 201, made.text);
    assert.match(
      String(made.headers['warning']),
      /stable\.example\.com\/v1beta1 Shape is deprecated; use stable\.example\.com\/v1 Shape/,
    );
    assert.deepEqual(
      [json(made).apiVersion, (json(made) as object as { both: string }).both],
      ['stable.example.com/v1beta1', 'x'],
    );
    const stable = json<Custom & { one?: string; beta?: string }>(await send('GET', `${at('v1')}/s`));
    assert.deepEqual([stable.apiVersion, stable.one, stable.beta], ['stable.example.com/v1', 'one', undefined]);
    const list = json<{ items: Custom[]; kind: string }>(await send('GET', at('v1beta1')));
    assert.deepEqual([list.kind, list.items[0]?.apiVersion], ['ShapeList', 'stable.example.com/v1beta1']);
  });
});
