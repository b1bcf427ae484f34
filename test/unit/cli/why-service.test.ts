import assert from 'node:assert/strict';
import type { Pod, Service } from '../../../api/types/core.v1.ts';
import type { EndpointSlice } from '../../../api/types/discovery.v1.ts';
import { nothing } from '../../../cli/why/explanation.ts';
import { explainService, selectedPods, type ServiceSeen } from '../../../cli/why/service.ts';

function service(spec: Partial<NonNullable<Service['spec']>>): Service {
  return { metadata: { name: 'web', namespace: 'shop' }, spec: { ports: [{ port: 80 }], ...spec } } as Service;
}

function pod(name: string, labels: Record<string, string>, change: { ready?: boolean; port?: string } = {}): Pod {
  return {
    metadata: { name, namespace: 'shop', labels },
    spec: { containers: [{ name: 'c', ports: [{ name: change.port ?? 'http', containerPort: 8080 }] }] },
    status: { conditions: [{ type: 'Ready', status: change.ready === false ? 'False' : 'True' }] },
  } as Pod;
}

function slice(...addresses: string[]): EndpointSlice {
  const endpoints = addresses.map((address) => ({ addresses: [address], conditions: { ready: true } }));
  return { metadata: {}, addressType: 'IPv4', endpoints } as EndpointSlice;
}

function seen(own: Service, more: Partial<ServiceSeen> = {}): ServiceSeen {
  return { service: own, slices: [], pods: [], whys: [], ...more };
}

describe('why a service reaches nothing', () => {
  it('shows how the pods are labelled, the likeliest first and those made alike once', () => {
    const pods = [
      pod('db', { tier: 'db' }),
      pod('front-1', { app: 'Web', tier: 'front' }),
      pod('front-2', { app: 'Web', tier: 'front' }),
    ];
    const why = explainService(seen(service({ selector: { app: 'web', tier: 'front' } }), { pods }));
    assert.equal(
      why.headline,
      'service/web has no endpoints: no pod in namespace shop has the labels app=web,tier=front.',
    );
    assert.deepEqual(why.facts, [
      'pod/front-1 has the label app=Web, not app=web',
      'pod/db has the label tier=db, not tier=front; lacks the label app=web',
    ]);
    assert.equal(why.help.length, 1);
    const empty = explainService(seen(service({ selector: { app: 'web' } })));
    assert.deepEqual(empty.facts, ['There are no pods in namespace shop.']);
  });

  it('says of each pod that it selects why it is not ready', () => {
    const pods = [pod('a', { app: 'web' }, { ready: false })];
    const whys = [{ ...nothing, headline: 'pod/a is not ready: …', isFine: false, help: ['Wait'] }];
    const why = explainService(seen(service({ selector: { app: 'web' } }), { pods, whys }));
    assert.equal(why.headline, 'service/web has no endpoints: the pod that it selects is not ready.');
    assert.deepEqual([why.facts, why.help], [['pod/a is not ready: …'], ['Wait']]);
  });

  it('knows a port that no container names', () => {
    const pods = [pod('a', { app: 'web' })];
    const ports = [{ port: 80, targetPort: 'web' }];
    const why = explainService(seen(service({ selector: { app: 'web' }, ports }), { pods, slices: [slice()] }));
    assert.match(why.headline, /^service\/web reaches nothing at port 80: /);
    assert.deepEqual(why.facts, [
      'Port 80 goes to the port named web of the pods.',
      'Their containers name: http 8080.',
    ]);
  });

  it('knows a service without selector and slices', () => {
    assert.match(explainService(seen(service({}))).headline, /it has no selector, and no endpoint slice is its own/);
  });

  it('is content with what reaches something', () => {
    const pods = [pod('a', { app: 'web' }), pod('b', { app: 'web' }, { ready: false })];
    const why = explainService(
      seen(service({ selector: { app: 'web' } }), { pods, slices: [slice('10.0.0.1'), slice('10.0.0.2')] }),
    );
    assert.equal(why.isFine, true);
    assert.deepEqual(why.facts, ['10.0.0.1, 10.0.0.2', '1 of the 2 pods that it selects is not ready.']);
    assert.equal(explainService(seen(service({}), { slices: [slice('10.0.0.1')] })).isFine, true);
    assert.equal(explainService(seen(service({ type: 'ExternalName', externalName: 'a.b' }))).isFine, true);
  });

  it('selects by all labels, and nothing without any', () => {
    const pods = [pod('a', { app: 'web', x: 'y' }), pod('b', { app: 'web' })];
    const names = (selector: Record<string, string>): (string | undefined)[] =>
      selectedPods(service({ selector }), pods).map(({ metadata }) => metadata.name);
    assert.deepEqual([names({ app: 'web' }), names({ app: 'web', x: 'y' }), names({})], [['a', 'b'], ['a'], []]);
  });
});
