/**
 * All pods of the node: a worker for each that is wanted here or of which the runtime still holds something. After a
 * restart of the agent it finds the pods that run and goes on with them; what no complete desired state names is ended.
 */
import os from 'node:os';
import type { Pod } from '../../api/types/core.v1.ts';
import { hasIdentity } from '../../api/machinery/identity.ts';
import { milliOf } from '../../api/machinery/quantity.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Component } from '../../lib/component.ts';
import type { Log } from '../../lib/log.ts';
import type { Change } from '../../lib/view.ts';
import type { Runtime } from '../runtime/port.ts';
import type { ClusterSettings, DesiredState, Reporter } from '../state/port.ts';
import type { Volumes } from '../volumes/port.ts';
import type { BackoffLimits } from './backoff.ts';
import { DEFAULT_BACKOFF } from './backoff.ts';
import type { Cgroups } from './cgroups.ts';
import { parseResolvConf } from './dns-config.ts';
import type { PodFiles } from './files.ts';
import { readHostFile } from './files.ts';
import { rejectHostPorts } from './host-ports.ts';
import { Images } from './images.ts';
import { ANNOTATION } from './labels.ts';
import { Limit } from './limit.ts';
import { CacheLookup } from './lookup.ts';
import type { ObservedContainer } from './observed.ts';
import { noFence, type PodFence } from './pod-fence.ts';
import { type Referenced, referencesOf } from './references.ts';
import { podCpuRequest, qosOf } from './resources.ts';
import type { PodIdentity } from './runtime-cache.ts';
import { RuntimeCache } from './runtime-cache.ts';
import type { PodServices } from './services.ts';
import { rejectSysctls } from './sysctls.ts';
import { PodWorker } from './worker.ts';

export interface PodManagerOptions {
  runtime: Runtime;
  state: DesiredState;
  settings: () => ClusterSettings;
  reporter: Reporter;
  volumes: Volumes;
  files: PodFiles;
  cgroups: Cgroups;
  /** Of the pods that must not run twice; without one all may run. */
  fence?: PodFence;
  clock: Clock;
  log: Log;
  nodeName: string;
  /** The main one first. */
  nodeAddresses: () => readonly string[];
  /** Pods' logs are in directories of their own below it. */
  logRoot: string;
  /** Where the node's own seccomp profiles are. */
  seccompRoot?: string;
  /** Whether the node's kernel confines programs by AppArmor. */
  hasAppArmor?: boolean;
  /** Sysctls that pods may set though they are not safe: names, or their beginnings with a star. */
  allowedSysctls?: readonly string[];
  /** What limits default to in resourceFieldRef, and memory scores are a share of; the machine's by default. */
  nodeCapacity?: { milliCpu: number; memoryBytes: number };
  /** The texts of the node's own resolv.conf and hosts file; those in /etc by default. */
  hostFiles?: { resolvConf(): Promise<string>; hosts(): Promise<string> };
  backoff?: BackoffLimits;
  /** Sandboxes and containers that are being started at a time before another sandbox is: each forks programs. */
  parallelStarts?: number;
  parallelPulls?: number;
}

const DEFAULT_PARALLEL_STARTS = 8;
const DEFAULT_SECCOMP_ROOT = '/var/lib/kubelet/seccomp';
const LEFTOVER_RETRY = 10_000;
const ETC = { resolvConf: () => readHostFile('/etc/resolv.conf'), hosts: () => readHostFile('/etc/hosts') };

export class PodManager implements Component {
  readonly name = 'pods';
  /** Where streams find containers. */
  readonly lookup: CacheLookup;
  private readonly options: PodManagerOptions;
  private readonly services: PodServices;
  private readonly workers = new Map<string, PodWorker>();
  /** Workers by what their pods refer to. */
  private readonly users = new Map<string, Set<string>>();
  private readonly references = new Map<string, Set<string>>();
  private readonly stops: (() => void)[] = [];
  /** Pods of which nothing is left here and that the control plane has not let go yet. */
  private readonly ended = new Set<string>();
  private isStopped = false;

  constructor(options: PodManagerOptions) {
    this.options = options;
    this.services = this.makeServices(options);
    this.lookup = new CacheLookup(this.services.cache, this.services.fence);
  }

  /** Resolves at once: pods come up as the runtime and the desired state become known. */
  start(): Promise<void> {
    const { state } = this.options;
    const { cache } = this.services;
    cache.start();
    this.stops.push(
      () => cache.stop(),
      cache.subscribe((uid) => this.workers.get(uid)?.wake()),
      this.services.fence.subscribe((uid) => this.workers.get(uid)?.wake()),
    );
    void cache.whenListed().then(() => {
      if (!this.isStopped) this.begin(state);
    });
    return Promise.resolve();
  }

  /** Pods go on without us. */
  stop(): Promise<void> {
    this.isStopped = true;
    for (const stop of this.stops.splice(0)) stop();
    for (const worker of this.workers.values()) worker.stop();
    this.workers.clear();
    return Promise.resolve();
  }

  /** Tells the status of every pod again: a control plane that could not hear us has judged for itself meanwhile. */
  reportAll(): void {
    for (const worker of this.workers.values()) worker.reportAgain();
  }

  /** What this node last said of a pod; undefined when there is no such pod here. */
  statusOf(uid: string): Pod['status'] | undefined {
    return this.workers.get(uid)?.lastStatus();
  }

  get size(): number {
    return this.workers.size;
  }

  // --- what is wanted ------------------------------------------------------------------------------------------------

  private begin(state: DesiredState): void {
    this.stops.push(
      state.pods.subscribe((change) => this.onPod(change)),
      state.configmaps.subscribe((change) => this.onConfig('configmap', change)),
      state.secrets.subscribe((change) => this.onConfig('secret', change)),
      state.claims.subscribe((change) => this.onConfig('claim', change)),
    );
    for (const pod of state.pods.list()) this.want(pod);
    this.weigh();
    void state.pods.whenSynced().then(() => {
      if (!this.isStopped) this.endLeftovers();
    });
  }

  private onPod({ type, object, previous }: Change<Pod>): void {
    const isReplaced = previous !== undefined && previous.metadata.uid !== object.metadata.uid;
    if (isReplaced) {
      this.ended.delete(previous.metadata.uid ?? '');
      this.unwant(previous);
    }
    if (type === 'deleted') {
      this.ended.delete(object.metadata.uid ?? '');
      this.unwant(object);
    } else this.want(object);
    this.weigh();
  }

  private want(pod: Pod): void {
    const uid = pod.metadata.uid ?? '';
    // Its last words are on their way; there is nothing to add when others change it.
    if (this.ended.has(uid)) return;
    // One that is being ended goes all the way first.
    if (this.workers.get(uid)?.isUnwanted) return;
    if (hasIdentity(pod)) this.services.fence.add(uid);
    this.noteReferences(uid, referencesOf(pod));
    const worker = this.workers.get(uid);
    if (worker) worker.update(pod, true);
    else this.add(pod, true);
  }

  private unwant(pod: Pod): void {
    this.workers.get(pod.metadata.uid ?? '')?.update(pod, false);
  }

  private add(pod: Pod, wanted: boolean): void {
    const rejection = rejectSysctls(pod, this.services.allowedSysctls) ?? rejectHostPorts(pod, this.workers.values());
    const worker = new PodWorker({ services: this.services, pod, wanted, rejection, onGone: (uid) => this.drop(uid) });
    this.workers.set(worker.uid, worker);
    worker.wake();
  }

  private drop(uid: string): void {
    this.workers.delete(uid);
    this.services.fence.remove(uid);
    this.noteReferences(uid, new Set());
    if (this.isStopped) return;
    const pod = [...this.options.state.pods.list()].find(({ metadata }) => metadata.uid === uid);
    if (pod?.metadata.deletionTimestamp !== undefined) this.ended.add(uid);
    // It may have been wanted again while it was ended.
    else if (pod) this.want(pod);
  }

  /** What the runtime or the disk holds of pods that nobody wants here. */
  private endLeftovers(): void {
    for (const identity of this.services.cache.pods()) {
      if (!this.workers.has(identity.uid)) this.add(formerPod(identity), false);
    }
    this.findLeftoverFiles().catch((error: unknown) => {
      this.options.log.warn({ err: error }, 'can not look for leftovers of former pods');
      const timer = this.options.clock.after(LEFTOVER_RETRY, () => this.endLeftovers());
      this.stops.push(() => timer.cancel());
    });
  }

  private async findLeftoverFiles(): Promise<void> {
    const { volumes, files } = this.options;
    const uids = new Set([...(await volumes.leftovers()), ...(await files.leftovers())]);
    for (const uid of uids) {
      if (!this.isStopped && !this.workers.has(uid)) this.add(formerPod({ uid, name: '', namespace: '' }), false);
    }
  }

  // --- config maps, secrets and claims ---------------------------------------------------------------------------------

  private onConfig(kind: Referenced, { key }: Pick<Change<unknown>, 'key'>): void {
    for (const uid of this.users.get(`${kind}:${key}`) ?? []) this.workers.get(uid)?.configChanged();
  }

  private noteReferences(uid: string, next: Set<string>): void {
    for (const reference of this.references.get(uid) ?? []) {
      const users = this.users.get(reference);
      users?.delete(uid);
      if (users?.size === 0) this.users.delete(reference);
    }
    for (const reference of next) {
      const users = this.users.get(reference) ?? new Set();
      this.users.set(reference, users.add(uid));
    }
    if (next.size > 0) this.references.set(uid, next);
    else this.references.delete(uid);
  }

  // --- the node --------------------------------------------------------------------------------------------------------

  /** All burstable pods together weigh what they ask for together. */
  private weigh(): void {
    let total = 0;
    for (const pod of this.options.state.pods.list()) if (qosOf(pod) === 'Burstable') total += podCpuRequest(pod);
    this.options.cgroups.weigh(total).catch((error: unknown) => {
      this.options.log.warn({ err: error }, 'can not weigh the burstable pods');
    });
  }

  private makeServices(options: PodManagerOptions): PodServices {
    const { runtime, clock, log, files, hostFiles = ETC } = options;
    const lastWords = (
      uid: string,
      container: ObservedContainer,
      annotations: Record<string, string>,
    ): Promise<string> => readLastWords(files, uid, container, annotations);
    const onListed = (): void => {
      for (const worker of this.workers.values()) worker.runtimeListed();
    };
    return {
      ...options,
      fence: options.fence ?? noFence,
      cache: new RuntimeCache({ runtime, clock, log, lastWords, onListed }),
      images: new Images({ runtime, clock, ...(options.parallelPulls && { parallelPulls: options.parallelPulls }) }),
      seccompRoot: options.seccompRoot ?? DEFAULT_SECCOMP_ROOT,
      hasAppArmor: options.hasAppArmor ?? false,
      allowedSysctls: options.allowedSysctls ?? [],
      limits: options.backoff ?? DEFAULT_BACKOFF,
      starts: new Limit(options.parallelStarts ?? DEFAULT_PARALLEL_STARTS),
      nodeCapacity: options.nodeCapacity ?? {
        milliCpu: milliOf(String(os.availableParallelism())),
        memoryBytes: os.totalmem(),
      },
      hostDns: async () => parseResolvConf(await hostFiles.resolvConf()),
      hostHosts: () => hostFiles.hosts(),
    };
  }
}

/** A pod of which only its name is known: nothing in it can be started. */
function formerPod({ uid, name, namespace }: PodIdentity): Pod {
  return { metadata: { uid, name, namespace }, spec: { containers: [] }, status: {} };
}

async function readLastWords(
  files: PodFiles,
  uid: string,
  container: ObservedContainer,
  annotations: Record<string, string>,
): Promise<string> {
  if (container.message !== '') return container.message;
  const words = await files.readLastWords(uid, container.name, container.attempt);
  const isFallback = annotations[ANNOTATION.terminationMessagePolicy] === 'FallbackToLogsOnError';
  if (words !== '' || !isFallback || container.exitCode === 0) return words;
  return files.readLogTail(container.logPath);
}
