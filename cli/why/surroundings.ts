/** What pods are placed among, read once for however many pods are explained. */
import type { Node, Pod } from '../../api/schema/types/core.v1.ts';
import type { Session } from '../session.ts';

export class Surroundings {
  private readonly session: Session;
  private allNodes: Promise<Node[]> | undefined;
  private placedPods: Promise<Pod[]> | undefined;

  constructor(session: Session) {
    this.session = session;
  }

  nodes(): Promise<Node[]> {
    this.allNodes ??= this.read<Node>('/api/v1/nodes', '');
    return this.allNodes;
  }

  /** The pods that are on nodes. */
  placed(): Promise<Pod[]> {
    this.placedPods ??= this.read<Pod>('/api/v1/pods', 'spec.nodeName!=');
    return this.placedPods;
  }

  private async read<T>(path: string, fieldSelector: string): Promise<T[]> {
    const client = await this.session.client();
    return (await client.list<T>(path, { query: fieldSelector === '' ? {} : { fieldSelector } })).items;
  }
}
