import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Node } from '../../../api/types/core.v1.ts';
import { planCidrs } from '../../../control-plane/controllers/node-cidr/node-cidr.ts';

function node(name: string, podCIDR?: string): Node {
  return { metadata: { name, uid: name }, spec: podCIDR ? { podCIDR } : {}, status: {} } as Node;
}

/** Carries the plan out. */
function after(nodes: readonly Node[], clusterCidr: string, nodeBits: number): Node[] {
  const given = new Map<string, string>();
  for (const action of planCidrs(nodes, { clusterCidr, nodeBits }).actions) {
    if (action.do === 'patch') given.set(action.target.name, (action.patch['spec'] as { podCIDR: string }).podCIDR);
  }
  return nodes.map((each) => node(each.metadata.name ?? '', given.get(each.metadata.name ?? '') ?? each.spec.podCIDR));
}

describe('pod address ranges of nodes', () => {
  const SPACE = { clusterCidr: '10.244.0.0/16', nodeBits: 24 };

  it('go to nodes that have none, the lowest free one first', () => {
    const nodes = after([node('a'), node('b', '10.244.1.0/24'), node('c')], SPACE.clusterCidr, SPACE.nodeBits);
    assert.deepEqual(
      nodes.map(({ spec }) => spec.podCIDR),
      ['10.244.0.0/24', '10.244.1.0/24', '10.244.2.0/24'],
    );
  });

  it('stay as they are', () => {
    assert.deepEqual(planCidrs([node('a', '10.244.7.0/24')], SPACE).actions, []);
  });

  it('are refused with an event when none is left', () => {
    const plan = planCidrs([node('a', '10.0.0.0/25'), node('b', '10.0.0.128/25'), node('c')], {
      clusterCidr: '10.0.0.0/24',
      nodeBits: 25,
    });
    assert.deepEqual(plan.reasons, ['no address range is left in 10.0.0.0/24 for node c']);
    assert.equal(plan.actions[0]?.do, 'record');
  });

  it('are never given twice, whichever nodes come and go', () => {
    const step = fc.record({ add: fc.boolean(), name: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f') });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        let nodes: Node[] = [];
        for (const { add, name } of steps) {
          nodes = nodes.filter(({ metadata }) => metadata.name !== name);
          if (add) nodes.push(node(name));
          nodes = after(nodes, '10.0.0.0/22', 24);
          const held = nodes.map(({ spec }) => spec.podCIDR).filter((cidr) => cidr !== undefined);
          assert.equal(new Set(held).size, held.length);
          assert.equal(held.length, Math.min(nodes.length, 4));
        }
      }),
    );
  });
});
