/** A test's view of its cluster: the nodes, the pods of the greeting service and their endpoints, kept by watches. */
import type { Node, Pod } from '../../api/types/core.v1.ts';
import type { EndpointSlice } from '../../api/types/discovery.v1.ts';
import { isReadyNode } from '../../cli/local/node-readiness.ts';
import { Informer } from '../../lib/client/informer.ts';
import { systemClock } from '../../lib/clock.ts';
import type { TestCluster } from './cluster.ts';
import { until } from './until.ts';
import { HELLO, type Manifest } from './workload.ts';

const PATHS: Record<Manifest['kind'], string> = {
  Pod: '/api/v1/namespaces/default/pods',
  Service: '/api/v1/namespaces/default/services',
  Deployment: '/apis/apps/v1/namespaces/default/deployments',
};

export class Fleet {
  readonly nodes: Informer<Node>;
  readonly pods: Informer<Pod>;
  readonly slices: Informer<EndpointSlice>;
  private readonly cluster: TestCluster;

  constructor(cluster: TestCluster) {
    this.cluster = cluster;
    const shared = { client: cluster.client, clock: systemClock };
    const namespace = 'namespaces/default';
    this.nodes = new Informer({ ...shared, path: '/api/v1/nodes' });
    this.pods = new Informer({
      ...shared,
      path: `/api/v1/${namespace}/pods`,
      query: { labelSelector: `app=${HELLO}` },
    });
    this.slices = new Informer({
      ...shared,
      path: `/apis/discovery.k8s.io/v1/${namespace}/endpointslices`,
      query: { labelSelector: `kubernetes.io/service-name=${HELLO}` },
    });
  }

  async start(): Promise<void> {
    await Promise.all([this.nodes.start(), this.pods.start(), this.slices.start()]);
  }

  async stop(): Promise<void> {
    await Promise.all([this.nodes.stop(), this.pods.stop(), this.slices.stop()]);
  }

  /** Creates the objects in the default namespace. */
  async create(...manifests: Manifest[]): Promise<void> {
    for (const manifest of manifests) await this.cluster.client.create(PATHS[manifest.kind], manifest);
  }

  /** The pods that are not being deleted. */
  staying(): Pod[] {
    return [...this.pods.list()].filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  }

  ready(): Pod[] {
    return this.staying().filter(isReadyPod);
  }

  on(node: string): Pod[] {
    return [...this.pods.list()].filter(({ spec }) => spec.nodeName === node);
  }

  /** Addresses that take new connections. */
  endpoints(): string[] {
    const all = [...this.slices.list()].flatMap(({ endpoints }) => endpoints ?? []);
    return all.filter(({ conditions }) => conditions?.ready ?? true).flatMap(({ addresses }) => addresses);
  }

  isNodeReady(name: string): boolean {
    return isReadyNode(this.nodes.get(name));
  }

  /** Every node is ready, that many pods are, no other is left, and exactly they are endpoints. */
  async settled(replicas: number, milliseconds = 60_000): Promise<void> {
    const holds = (): boolean =>
      this.cluster.local.nodeNames.every((name) => this.isNodeReady(name)) && this.isServing(replicas);
    await until([this.nodes, this.pods, this.slices], holds, {
      what: `all nodes and ${replicas} pods are ready, and the endpoints are theirs`,
      milliseconds,
      instead: () => this.summary(),
    });
  }

  isServing(replicas: number): boolean {
    const ready = this.ready();
    const addresses = ready.map(({ status }) => status.podIP ?? '').toSorted();
    return (
      ready.length === replicas &&
      this.pods.size === replicas &&
      addresses.join() === this.endpoints().toSorted().join()
    );
  }

  /** Of every pod, in the order of their names. */
  containers(): string[] {
    const pods = [...this.pods.list()].toSorted((a, b) => (a.metadata.name ?? '').localeCompare(b.metadata.name ?? ''));
    return pods.map(containersOf);
  }

  /** Calls `listener` whenever a node is seen not to be ready; returns what ends it. */
  onNodeLost(listener: (name: string) => void): () => void {
    return this.nodes.subscribe(({ key, type }) => {
      if (type === 'deleted' || !this.isNodeReady(key)) listener(key);
    });
  }

  summary(): unknown {
    return {
      nodes: [...this.nodes.list()].map(({ metadata }) => [metadata.name, this.isNodeReady(metadata.name ?? '')]),
      pods: [...this.pods.list()].map((pod) => [
        pod.metadata.name,
        pod.spec.nodeName,
        pod.status.phase,
        isReadyPod(pod) ? 'ready' : 'not ready',
        ...(pod.metadata.deletionTimestamp ? ['being deleted'] : []),
      ]),
      endpoints: this.endpoints(),
    };
  }
}

/** The ids and restarts of a pod's containers: the same before and after when nothing of it was started again. */
export function containersOf({ metadata, status }: Pod): string {
  const containers = (status.containerStatuses ?? []).map(({ containerID, restartCount }) => [
    containerID,
    restartCount,
  ]);
  return JSON.stringify([metadata.uid, containers]);
}

export function isReadyPod({ status }: Pod): boolean {
  return status.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') ?? false;
}
