/**
 * Which pods are to come to which node once the pods that they preempt there are gone. Pods of no more importance leave
 * them their room. A pod's status names its node too, so that another scheduler that takes over knows.
 */
import type { PodInfo } from './pod-info.ts';

export class Nominations {
  /** Another one with every change. */
  version = 0;
  private readonly nodes = new Map<string, string>();
  private readonly byNode = new Map<string, Map<string, PodInfo>>();

  get size(): number {
    return this.nodes.size;
  }

  nodeOf(uid: string): string | undefined {
    return this.nodes.get(uid);
  }

  /** A nomination that the pod had before ends. */
  set(info: PodInfo, node: string): void {
    this.clear(info.uid);
    this.version += 1;
    this.nodes.set(info.uid, node);
    const there = this.byNode.get(node) ?? new Map<string, PodInfo>();
    this.byNode.set(node, there.set(info.uid, info));
  }

  /** Returns whether it had one. */
  clear(uid: string): boolean {
    const node = this.nodes.get(uid);
    if (node === undefined) return false;
    this.version += 1;
    this.nodes.delete(uid);
    const there = this.byNode.get(node);
    there?.delete(uid);
    if (there?.size === 0) this.byNode.delete(node);
    return true;
  }

  /** The pods that are to come there. */
  to(node: string): PodInfo[] {
    return [...(this.byNode.get(node)?.values() ?? [])];
  }

  /** The pods to which this one leaves their room on the node. */
  ahead(node: string, { uid, priority }: PodInfo): PodInfo[] {
    const there = this.byNode.get(node);
    return there ? [...there.values()].filter((other) => other.uid !== uid && other.priority >= priority) : [];
  }

  /** The pods whose room on the node this one may take. */
  behind(node: string, { priority }: PodInfo): PodInfo[] {
    return this.to(node).filter((other) => other.priority < priority);
  }
}
