/** Gives every node its share of the cluster's pod addresses. */
import { kinds } from '../../../api/kinds.ts';
import type { Node } from '../../../api/types/core.v1.ts';
import type { Registry } from '../../registry/port.ts';
import type { Action, EventSeed } from '../actions.ts';
import { referenceTo, targetOf } from '../actions.ts';
import type { Controller, Plan } from '../controller.ts';

/** All nodes are planned together, so that two never get the same share. */
const ALL = '(nodes)';

export interface AddressSpace {
  /** Where all pod addresses come from, such as `10.244.0.0/16`. */
  readonly clusterCidr: string;
  /** The prefix length of one node's share. */
  readonly nodeBits: number;
}

export function planCidrs(nodes: Iterable<Node>, { clusterCidr, nodeBits }: AddressSpace): Plan {
  const all = [...nodes];
  const taken = new Set(all.map(({ spec }) => spec.podCIDR).filter((cidr) => cidr !== undefined));
  const shares = sharesOf(clusterCidr, nodeBits);
  const actions: Action[] = [];
  const reasons: string[] = [];
  for (const node of all) {
    if (node.spec.podCIDR) continue;
    let share = shares.next();
    while (!share.done && taken.has(share.value)) share = shares.next();
    if (share.done) {
      const message = `no address range is left in ${clusterCidr} for node ${node.metadata.name}`;
      // One event tells; with thousands of nodes too many, each change would otherwise bring thousands.
      if (reasons.length === 0) actions.push({ do: 'record', event: noneLeft(node, message), why: message });
      reasons.push(message);
      continue;
    }
    const patch = { spec: { podCIDR: share.value, podCIDRs: [share.value] } };
    actions.push({ do: 'patch', target: targetOf(kinds.nodes, node), patch, why: 'its pods need addresses' });
  }
  return { actions, reasons };
}

function noneLeft(node: Node, message: string): EventSeed {
  return { about: referenceTo(kinds.nodes, node), type: 'Warning', reason: 'CIDRNotAvailable', message };
}

/** The shares of the space, in order. */
function* sharesOf(clusterCidr: string, nodeBits: number): Generator<string, undefined> {
  const [address = '', bits = ''] = clusterCidr.split('/');
  const base = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const size = 2 ** (32 - nodeBits);
  const first = base - (base % 2 ** (32 - Number(bits)));
  for (let at = 0; at < 2 ** (nodeBits - Number(bits)); at += 1) {
    const start = first + at * size;
    yield `${[24, 16, 8, 0].map((shift) => Math.floor(start / 2 ** shift) % 256).join('.')}/${nodeBits}`;
  }
  return undefined;
}

export class NodeCidrController implements Controller {
  readonly name = 'node-cidr';
  private readonly registry: Registry;
  private readonly space: AddressSpace;

  constructor({ registry, space }: { registry: Registry; space: AddressSpace }) {
    this.registry = registry;
    this.space = space;
  }

  watch(enqueue: (key: string) => void): () => void {
    enqueue(ALL);
    return this.registry.resource(kinds.nodes).view.subscribe(({ type, object }) => {
      // A node that went away has left its share to one that found none.
      if (type === 'deleted' || (type === 'added' && !object.spec.podCIDR)) enqueue(ALL);
    });
  }

  plan(): Plan {
    return planCidrs(this.registry.resource(kinds.nodes).view.list(), this.space);
  }
}
