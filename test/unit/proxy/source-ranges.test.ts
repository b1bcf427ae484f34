import assert from 'node:assert/strict';
import type { Service } from '../../../api/types/core.v1.ts';
import { guardsOf } from '../../../node-agent/proxy/source-ranges.ts';

function balancer(ranges: string[], extra: object = {}): Service {
  return {
    metadata: { name: 's' },
    spec: {
      type: 'LoadBalancer',
      clusterIP: '10.96.0.1',
      ports: [{ port: 80 }],
      loadBalancerSourceRanges: ranges,
      ...extra,
    },
    status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } },
  } as unknown as Service;
}

const allowed = (service: Service): string[] =>
  guardsOf(service).flatMap(({ set, key }) => (set === 'allowed' ? [key.split(' . ')[3] ?? ''] : []));

describe('source ranges of a load balancer', () => {
  it('are elements by address, protocol and port', () => {
    assert.deepEqual(guardsOf(balancer(['10.0.0.0/8'], { ports: [{ port: 80 }, { port: 53, protocol: 'UDP' }] })), [
      { set: 'restricted', key: '192.0.2.1 . tcp . 80' },
      { set: 'allowed', key: '192.0.2.1 . tcp . 80 . 10.0.0.0/8' },
      { set: 'restricted', key: '192.0.2.1 . udp . 53' },
      { set: 'allowed', key: '192.0.2.1 . udp . 53 . 10.0.0.0/8' },
    ]);
  });

  it('are written as the kernel lists them, each once and none within another', () => {
    assert.deepEqual(allowed(balancer(['10.1.2.3/8', '10.9.0.0/16', '10.0.0.0/8', '11.0.0.1/32', ' 11.0.0.1/32 '])), [
      '10.0.0.0/8',
      '11.0.0.1',
    ]);
    assert.deepEqual(allowed(balancer(['224.255.255.255/31', '255.255.255.255/32'])), [
      '224.255.255.254/31',
      '255.255.255.255',
    ]);
  });

  it('restrict nobody when everybody is in them, or none is given', () => {
    assert.deepEqual(guardsOf(balancer(['10.0.0.0/8', '0.0.0.0/0'])), []);
    assert.deepEqual(guardsOf(balancer([])), []);
    assert.deepEqual(guardsOf(balancer(['10.0.0.0/8'], { type: 'NodePort' })), []);
  });
});
