import assert from 'node:assert/strict';
import { kinds } from '../../../api/kinds.ts';
import type { APIService } from '../../../api/types/apiregistration.v1.ts';
import { ApiServiceAvailability } from '../../../control-plane/controllers/api-service-availability/api-service-availability.ts';
import {
  type ApiServiceSnapshot,
  planAvailability,
} from '../../../control-plane/controllers/api-service-availability/plan.ts';
import { ApiServiceRegistration } from '../../../control-plane/controllers/api-service-registration/api-service-registration.ts';
import {
  builtInApis,
  customApi,
  planRegistration,
} from '../../../control-plane/controllers/api-service-registration/plan.ts';
import { planExtensionAuthentication } from '../../../control-plane/controllers/extension-authentication/extension-authentication.ts';
import { inShort } from './moment.ts';
import { settle, World } from './world.ts';

const AT = '2026-01-01T12:00:00Z';
const LABEL = 'kube-aggregator.kubernetes.io/automanaged';

function remote(port?: number): APIService {
  const service = { namespace: 'wardle', name: 'api', ...(port === undefined ? {} : { port }) };
  const spec = { group: 'x.example.com', version: 'v1', service, groupPriorityMinimum: 10, versionPriority: 10 };
  return { metadata: { name: 'v1.x.example.com', uid: 'u' }, spec, status: {} };
}

function healthy(changes: Partial<ApiServiceSnapshot> = {}): ApiServiceSnapshot {
  return {
    apiService: remote(),
    service: { metadata: {}, spec: { type: 'ClusterIP', ports: [{ name: 'https', port: 443 }] } } as never,
    slices: [
      {
        metadata: {},
        addressType: 'IPv4',
        ports: [{ name: 'https', port: 8443 }],
        endpoints: [{ addresses: ['10.1.1.1'] }],
      },
    ] as never,
    ...changes,
  };
}

describe('whether an APIService is available', () => {
  function said(snapshot: ApiServiceSnapshot): (string | undefined)[] {
    const [action] = planAvailability(snapshot, AT).actions;
    assert.ok(action?.do === 'set-conditions');
    const [condition] = action.conditions;
    return [condition?.status, condition?.reason, condition?.message];
  }

  it('is asked of whoever serves it, now and later', () => {
    const { actions, after } = planAvailability(healthy(), AT);
    assert.deepEqual(inShort(actions), ['probe v1.x.example.com', 'set-conditions v1.x.example.com']);
    assert.equal(after, 30_000);
  });

  it('is no question of what is served here', () => {
    const apiService = remote();
    const { service: _service, ...spec } = apiService.spec;
    const local = healthy({ apiService: { ...apiService, spec } });
    assert.deepEqual(said(local), ['True', 'Local', 'Local APIServices are always available']);
  });

  it('is known without asking when its service lacks something', () => {
    const missing = (changes: Partial<ApiServiceSnapshot>): (string | undefined)[] => said(healthy(changes)).slice(1);
    assert.deepEqual(missing({ service: undefined }), ['ServiceNotFound', 'service/api in "wardle" is not present']);
    assert.deepEqual(missing({ apiService: remote(444) }), [
      'ServicePortError',
      'service/api in "wardle" is not listening on port 444',
    ]);
    assert.deepEqual(missing({ slices: [] }), [
      'EndpointsNotFound',
      'cannot find endpointslices for service/api in "wardle"',
    ]);
    const [slice] = healthy().slices;
    const unready = { ...slice!, endpoints: [{ addresses: ['10.1.1.1'], conditions: { ready: false } }] };
    const nameless = { ...slice!, ports: [{ port: 8443 }] };
    for (const other of [unready, nameless]) {
      assert.deepEqual(missing({ slices: [other] }), [
        'MissingEndpoints',
        'endpointslices for service/api in "wardle" have no addresses with port name "https"',
      ]);
    }
  });

  it('is written only when it changes', () => {
    const { service: _service, ...spec } = remote().spec;
    const conditions = [
      { type: 'Available', status: 'True', reason: 'Local', message: 'Local APIServices are always available' },
    ];
    const apiService = { ...remote(), spec, status: { conditions } };
    assert.deepEqual(planAvailability(healthy({ apiService }), AT).actions, []);
  });

  it('is asked again when its endpoints change, and said when nobody answers', async () => {
    const world = new World();
    let answers = true;
    const asked: string[] = [];
    world.probe = ({ metadata }) => {
      asked.push(metadata.name ?? '');
      return answers ? Promise.resolve() : Promise.reject(new Error('no answer'));
    };
    world.of(kinds.services).seed({ ...healthy().service!, metadata: { namespace: 'wardle', name: 'api' } });
    const labels = { 'kubernetes.io/service-name': 'api' };
    const [slice] = healthy().slices;
    world.of(kinds.endpointslices).seed({ ...slice!, metadata: { namespace: 'wardle', name: 'api-1', labels } });
    world.of(kinds.apiservices).seed(remote());
    const runner = world.runner(new ApiServiceAvailability({ registry: world }));
    await runner.start();
    const now = (): string | undefined => world.all(kinds.apiservices)[0]?.status.conditions?.[0]?.reason;
    await settle();
    assert.equal(now(), 'Passed');
    answers = false;
    const before = asked.length;
    await world
      .of(kinds.endpointslices)
      .mutate('wardle', 'api-1', (object) => ({ ...object, endpoints: [{ addresses: ['10.1.1.2'] }] as never }));
    await settle();
    assert.ok(asked.length > before);
    const [condition] = world.all(kinds.apiservices)[0]?.status.conditions ?? [];
    assert.deepEqual(
      [condition?.status, condition?.reason, condition?.message],
      ['False', 'FailedDiscoveryCheck', 'no answer'],
    );
    await runner.stop();
  });
});

describe('APIServices of what is served here', () => {
  const wanted = builtInApis().get('v1.apps');
  const existing = (spec: object, labels: Record<string, string> = { [LABEL]: 'onstart' }): APIService =>
    ({ metadata: { name: 'v1.apps', uid: 'u', labels }, spec, status: {} }) as never;
  const plan = (found: APIService | undefined, want = wanted): string[] =>
    inShort(planRegistration('v1.apps', want, found).actions);

  it('are made, set right and removed', () => {
    assert.deepEqual(plan(undefined), ['create v1.apps']);
    assert.deepEqual(plan(existing(wanted!.spec)), []);
    assert.deepEqual(plan(existing({ ...wanted!.spec, service: { name: 'mine' } })), ['patch v1.apps']);
    const [patch] = planRegistration('v1.apps', wanted, existing({ ...wanted!.spec, caBundle: 'x' })).actions;
    assert.deepEqual(patch?.do === 'patch' && patch.patch, { spec: { ...wanted!.spec, caBundle: null } });
    assert.deepEqual(inShort(planRegistration('v1.apps', undefined, existing(wanted!.spec)).actions), [
      'delete v1.apps',
    ]);
  });

  it('are left alone when somebody else keeps them', () => {
    assert.deepEqual(plan(existing({ service: { name: 'mine' } }, {})), []);
    assert.deepEqual(plan(existing({ group: 'metrics.k8s.io', service: { name: 'mine' } })), []);
  });

  it('come and go with versions of custom resources', async () => {
    const world = new World();
    const definition = {
      metadata: { name: 'tabs.example.com' },
      spec: {
        group: 'example.com',
        versions: [
          { name: 'v1', served: true },
          { name: 'v0', served: false },
        ],
      },
      status: { conditions: [{ type: 'Established', status: 'True' }] },
    };
    const runner = world.runner(new ApiServiceRegistration({ registry: world }));
    await runner.start();
    world.of(kinds.customresourcedefinitions).seed(definition as never);
    await settle();
    const custom = (): APIService[] => world.all(kinds.apiservices).filter(({ spec }) => spec.group === 'example.com');
    assert.deepEqual(
      custom().map(({ metadata, spec }) => [metadata.name, metadata.labels?.[LABEL], spec]),
      [
        [
          'v1.example.com',
          'true',
          { group: 'example.com', version: 'v1', groupPriorityMinimum: 1000, versionPriority: 100 },
        ],
      ],
    );
    await world.of(kinds.customresourcedefinitions).delete('', 'tabs.example.com');
    await settle();
    assert.deepEqual(custom(), []);
    await runner.stop();
    assert.equal(customApi('example.com', 'v0', [definition as never]), undefined);
  });
});

describe('the map for extension API servers', () => {
  const authorities = { client: 'CLIENT', frontProxy: 'FRONT', frontProxyName: 'front' };

  it('is made, kept, and keeps what others put there', () => {
    const [made] = planExtensionAuthentication(authorities, undefined).actions;
    assert.ok(made?.do === 'create');
    const object = made.object as never as { data: Record<string, string> };
    assert.deepEqual(planExtensionAuthentication(authorities, object as never).actions, []);
    const changed = { ...object, metadata: { uid: 'u' }, data: { ...object.data, 'client-ca-file': 'old', more: 'x' } };
    const [patch] = planExtensionAuthentication(authorities, changed as never).actions;
    assert.deepEqual(patch?.do === 'patch' && patch.patch, { data: object.data });
  });
});
