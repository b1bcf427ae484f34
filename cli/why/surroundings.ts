/** What pods are placed among, read once for however many pods are explained. */
import { claimsOf } from '../../api/machinery/pod-claims.ts';
import type { Namespace, Node, PersistentVolume, PersistentVolumeClaim, Pod } from '../../api/types/core.v1.ts';
import type { Session } from '../session.ts';
import { isNotFound } from '../get/tables.ts';
import type { UsedClaim } from './claim.ts';
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

  /** Of a pod; what is not there is left out. */
  claimsOf(pod: Pod): Promise<UsedClaim[]> {
    return Promise.all(
      claimsOf(pod).map(async (name) => {
        const path = `/api/v1/namespaces/${pod.metadata.namespace}/persistentvolumeclaims/${name}`;
        const claim = await this.find<PersistentVolumeClaim>(path);
        return { name, claim, volume: claim && (await this.volumeOf(claim)) };
      }),
    );
  }

  async volumeOf({ spec }: PersistentVolumeClaim): Promise<PersistentVolume | undefined> {
    return spec.volumeName ? this.find(`/api/v1/persistentvolumes/${spec.volumeName}`) : undefined;
  }

  private async find<T>(path: string): Promise<T | undefined> {
    try {
      return await (await this.session.client()).get<T>(path);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  private async read<T>(path: string, fieldSelector: string): Promise<T[]> {
    const client = await this.session.client();
    return (await client.list<T>(path, { query: fieldSelector === '' ? {} : { fieldSelector } })).items;
  }
}
