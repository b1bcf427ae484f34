import assert from 'node:assert/strict';
import type { ServiceSpec } from '../../../api/types/core.v1.ts';
import type { Endpoint } from '../../../api/types/discovery.v1.ts';
import { type Frontend, frontendsOf } from '../../../node-agent/proxy/frontends.ts';
import { endpointOf, serviceOf, sliceOf } from '../../support/fake-cluster.ts';

const HERE = { nodeName: 'n1' };
const ports = [{ name: 'http', port: 80, protocol: 'TCP', nodePort: 30080 }];
const spec: ServiceSpec = { type: 'NodePort', clusterIP: '10.96.0.1', ports };

function planned(change: Partial<ServiceSpec>, endpoints: Endpoint[]): Frontend[] {
  const slice = sliceOf('default/web', [{ name: 'http', port: 8080, protocol: 'TCP' }], endpoints);
  const options = { nodeName: 'n1', clusterDns: '10.96.0.10' };
  return frontendsOf(serviceOf('default/web', { ...spec, ...change }), [slice], options);
}

function backends(frontends: readonly Frontend[], family: Frontend['family']): readonly string[] | string {
  const target = frontends.find((frontend) => frontend.family === family)?.target;
  return target?.type === 'balance'
    ? target.backends.map((backend) => backend.split(' ')[0] ?? '')
    : (target?.type ?? 'none');
}

const draining = { ready: false, serving: true, terminating: true };

describe('frontends of a service', () => {
  it('take ready endpoints, by the name and protocol of their port', () => {
    const frontends = planned({}, [endpointOf('10.0.0.1'), endpointOf('10.0.0.2', { conditions: { ready: false } })]);
    assert.deepEqual(backends(frontends, 'services'), ['10.0.0.1']);
    assert.deepEqual(backends(frontends, 'nodeports'), ['10.0.0.1']);
    assert.equal(
      backends(planned({ ports: [{ name: 'other', port: 80 }] }, [endpointOf('10.0.0.1')]), 'services'),
      'refuse',
    );
  });

  it('fall back to endpoints that drain only when none is ready', () => {
    const last = endpointOf('10.0.0.2', { conditions: draining });
    assert.deepEqual(backends(planned({}, [endpointOf('10.0.0.1'), last]), 'services'), ['10.0.0.1']);
    assert.deepEqual(backends(planned({}, [last]), 'services'), ['10.0.0.2']);
    const ended = endpointOf('10.0.0.3', { conditions: { ...draining, serving: false } });
    assert.equal(backends(planned({}, [ended]), 'services'), 'refuse');
  });

  it('take an absent condition as ready', () => {
    assert.deepEqual(backends(planned({}, [endpointOf('10.0.0.1', { conditions: {} })]), 'services'), ['10.0.0.1']);
  });

  it('keep to this node where the policy says so, judging its endpoints by themselves', () => {
    const there = endpointOf('10.0.0.1', { nodeName: 'n2' });
    const here = endpointOf('10.0.0.2', { ...HERE, conditions: draining });
    const external = planned({ externalTrafficPolicy: 'Local' }, [there, here]);
    assert.deepEqual(backends(external, 'local_nodeports'), ['10.0.0.2']);
    assert.deepEqual(backends(external, 'nodeports'), ['10.0.0.1']);
    assert.equal(backends(planned({ externalTrafficPolicy: 'Local' }, [there]), 'local_nodeports'), 'drop');
    assert.equal(backends(planned({ internalTrafficPolicy: 'Local' }, [there]), 'services'), 'drop');
    assert.deepEqual(backends(planned({ internalTrafficPolicy: 'Local' }, [here]), 'services'), ['10.0.0.2']);
  });

  it('are none for headless services, ExternalName, and those with a proxy of their own', () => {
    const endpoints = [endpointOf('10.0.0.1')];
    assert.deepEqual(planned({ clusterIP: 'None' }, endpoints), []);
    assert.deepEqual(planned({ type: 'ExternalName' }, endpoints), []);
    assert.deepEqual(planned({ clusterIP: '' }, endpoints), []);
    const other = serviceOf('default/web', spec);
    other.metadata.labels = { 'service.kubernetes.io/service-proxy-name': 'mesh' };
    assert.deepEqual(frontendsOf(other, [], { nodeName: 'n1', clusterDns: '' }), []);
  });

  it('leave the address of the cluster DNS to the node itself', () => {
    assert.equal(backends(planned({ clusterIP: '10.96.0.10' }, [endpointOf('10.0.0.1')]), 'services'), 'none');
  });

  it('serve external addresses', () => {
    const frontends = planned({ externalIPs: ['203.0.113.5'] }, [endpointOf('10.0.0.1')]);
    const external = frontends.find(({ key }) => key.startsWith('203.0.113.5'));
    assert.equal(external?.key, '203.0.113.5 . tcp . 80');
    assert.equal(external?.target.type === 'balance' && external.target.masquerade, true);
  });
});
