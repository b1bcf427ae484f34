/** What pods are placed among, read once for however many pods are explained. */
import type { Namespace, Node, Pod } from '../../api/types/core.v1.ts';
import type { Session } from '../session.ts';
import type { NamespaceLabels } from './company.ts';

export class Surroundings {
  private readonly session: Session;
  private allNodes: Promise<Node[]> | undefined;
  private allNamespaces: Promise<NamespaceLabels> | undefined;
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

  /** The labels of all namespaces. */
  namespaces(): Promise<NamespaceLabels> {
    this.allNamespaces ??= this.read<Namespace>('/api/v1/namespaces', '').then(
      (all) => new Map(all.map(({ metadata: { name = '', labels = {} } }) => [name, labels])),
    );
    return this.allNamespaces;
  }

  private async read<T>(path: string, fieldSelector: string): Promise<T[]> {
    const client = await this.session.client();
    return (await client.list<T>(path, { query: fieldSelector === '' ? {} : { fieldSelector } })).items;
  }
}
