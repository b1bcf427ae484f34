/**
 * What the runtime holds, kept by its events: the one picture that plans, statuses and streams read. An exit is shown the
 * moment its event comes, though the runtime's own status lags behind; nothing that has exited is ever shown running again.
 */
import type { Clock, Timer } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { Container, ContainerStatus, Runtime, RuntimeEvent, Sandbox } from '../runtime/port.ts';
import { RuntimeError } from '../runtime/port.ts';
import { LABEL } from './labels.ts';
import { Limit } from './limit.ts';
import type { ObservedContainer, ObservedPod, ObservedSandbox } from './observed.ts';
import { NOTHING_OBSERVED, observeContainer, observeSandbox } from './observed.ts';

export interface PodIdentity {
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
}

export interface RuntimeCacheOptions {
  runtime: Runtime;
  clock: Clock;
  log: Log;
  /** Called each time everything has been listed. */
  onListed: () => void;
  /** What a container left as its last words; '' when nothing. */
  lastWords: (uid: string, container: ObservedContainer, annotations: Record<string, string>) => Promise<string>;
}

interface Entry<T> {
  readonly uid: string;
  readonly observed: T;
  readonly annotations: Record<string, string>;
}

type Exit = Extract<RuntimeEvent, { type: 'exited' }>;

const MAX_EARLY_EXITS = 1000;
const RELIST_DELAY = 1000;
const PARALLEL_STATUS_CALLS = 8;

export class RuntimeCache {
  private readonly options: RuntimeCacheOptions;
  private readonly sandboxes = new Map<string, Entry<ObservedSandbox>>();
  private readonly containers = new Map<string, Entry<ObservedContainer>>();
  private readonly identities = new Map<string, PodIdentity>();
  private readonly pictures = new Map<string, ObservedPod>();
  private readonly members = new Map<string, { sandboxes: Set<string>; containers: Set<string> }>();
  private readonly listeners = new Set<(uid: string) => void>();
  private readonly statusCalls = new Limit(PARALLEL_STATUS_CALLS);
  private readonly outOfMemory = new Set<string>();
  /** Exits of containers whose creation we have not been told of yet. */
  private readonly earlyExits = new Map<string, Exit>();
  private readonly removed = new Set<string>();
  private readonly firstListing = Promise.withResolvers<void>();
  private unsubscribe: (() => void) | undefined;
  private retry: Timer | undefined;
  private listing: Promise<void> | undefined;
  private isListingStale = false;

  constructor(options: RuntimeCacheOptions) {
    this.options = options;
  }

  start(): void {
    this.unsubscribe = this.options.runtime.subscribe((event) => this.onEvent(event));
  }

  stop(): void {
    this.unsubscribe?.();
    this.retry?.cancel();
    this.listeners.clear();
  }

  /** Resolves once everything has been listed. */
  whenListed(): Promise<void> {
    return this.firstListing.promise;
  }

  subscribe(listener: (uid: string) => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  /** Every pod of which the runtime holds something. */
  pods(): Iterable<PodIdentity> {
    return this.identities.values();
  }

  /** The pod of a sandbox or container. */
  ownerOf(id: string): PodIdentity | undefined {
    const uid = (this.sandboxes.get(id) ?? this.containers.get(id))?.uid;
    return uid === undefined ? undefined : this.identities.get(uid);
  }

  identityOf(uid: string): PodIdentity | undefined {
    return this.identities.get(uid);
  }

  /** Whether a sandbox that runs has the address. */
  hasAddress(address: string): boolean {
    return [...this.sandboxes.values()].some(({ observed }) => observed.ready && observed.ips.includes(address));
  }

  podOf(uid: string): ObservedPod {
    const members = this.members.get(uid);
    if (!members) return NOTHING_OBSERVED;
    const known = this.pictures.get(uid);
    if (known) return known;
    const newestFirst = (a: { attempt: number; createdAt: number }, b: typeof a): number =>
      b.createdAt - a.createdAt || b.attempt - a.attempt;
    const picture = {
      sandboxes: pick(members.sandboxes, this.sandboxes).toSorted(newestFirst),
      containers: pick(members.containers, this.containers).toSorted(newestFirst),
    };
    this.pictures.set(uid, picture);
    return picture;
  }

  /** Asks the runtime for a sandbox and takes it in. */
  async refreshSandbox(id: string): Promise<void> {
    const status = await this.options.runtime.sandboxStatus(id);
    this.takeSandbox(status, status.ips);
  }

  async refreshContainer(id: string): Promise<void> {
    this.takeContainer(await this.options.runtime.containerStatus(id));
  }

  /** The sandbox's network is down and its containers have ended: the runtime said so by stopping it. */
  noteStopped(id: string): void {
    const entry = this.sandboxes.get(id);
    if (!entry) return;
    if (entry.observed.ready) this.putSandbox({ ...entry, observed: { ...entry.observed, ready: false } });
  }

  forgetContainer(id: string): void {
    this.removed.add(id);
    const uid = this.containers.get(id)?.uid;
    this.containers.delete(id);
    this.outOfMemory.delete(id);
    if (uid !== undefined) this.changed(uid, (members) => members.containers.delete(id));
  }

  forgetSandbox(id: string): void {
    for (const [containerId, { observed }] of this.containers) {
      if (observed.sandboxId === id) this.forgetContainer(containerId);
    }
    this.removed.add(id);
    const uid = this.sandboxes.get(id)?.uid;
    this.sandboxes.delete(id);
    if (uid !== undefined) this.changed(uid, (members) => members.sandboxes.delete(id));
  }

  // --- events --------------------------------------------------------------------------------------------------------

  private onEvent(event: RuntimeEvent): void {
    switch (event.type) {
      case 'resync':
        this.relist();
        return;
      case 'oom':
        this.outOfMemory.add(event.containerId);
        return;
      case 'exited':
        this.onExit(event);
        return;
      case 'started':
        // Whoever started it takes it in.
        return;
    }
  }

  private onExit(exit: Exit): void {
    const container = this.containers.get(exit.containerId);
    if (container) {
      this.noteExit(container, exit);
      return;
    }
    this.noteStopped(exit.containerId);
    if (this.sandboxes.has(exit.containerId)) return;
    this.earlyExits.set(exit.containerId, exit);
    const oldest = this.earlyExits.keys().next();
    if (this.earlyExits.size > MAX_EARLY_EXITS && !oldest.done) this.earlyExits.delete(oldest.value);
  }

  private noteExit(entry: Entry<ObservedContainer>, { containerId, exitCode, exitedAt }: Exit): void {
    if (entry.observed.state === 'exited') return;
    const wasKilledForMemory = this.outOfMemory.delete(containerId);
    const reason = wasKilledForMemory ? 'OOMKilled' : exitCode === 0 ? 'Completed' : 'Error';
    const observed: ObservedContainer = {
      ...entry.observed,
      state: 'exited',
      exitCode,
      reason,
      finishedAt: exitedAt.getTime(),
    };
    this.putContainer({ ...entry, observed });
    this.addLastWords({ ...entry, observed });
  }

  private addLastWords(entry: Entry<ObservedContainer>): void {
    const { uid, observed, annotations } = entry;
    this.options.lastWords(uid, observed, annotations).then(
      (message) => {
        const current = this.containers.get(observed.id);
        if (message === '' || current?.observed.state !== 'exited') return;
        this.putContainer({ ...current, observed: { ...current.observed, message } });
      },
      (error: unknown) => this.options.log.warn({ err: error, container: observed.id }, 'can not read last words'),
    );
  }

  // --- listing ---------------------------------------------------------------------------------------------------------

  private relist(): void {
    this.isListingStale = this.listing !== undefined;
    this.listing ??= this.list().then(
      () => this.onListed(),
      (error: unknown) => this.onListFailed(error),
    );
  }

  private onListed(): void {
    this.listing = undefined;
    this.firstListing.resolve();
    this.options.onListed();
    if (this.isListingStale) this.relist();
  }

  private onListFailed(error: unknown): void {
    this.listing = undefined;
    this.options.log.warn({ err: error }, 'can not list what the runtime holds');
    this.retry?.cancel();
    this.retry = this.options.clock.after(RELIST_DELAY, () => this.relist());
  }

  private async list(): Promise<void> {
    const before = new Set([...this.sandboxes.keys(), ...this.containers.keys()]);
    this.removed.clear();
    const { runtime } = this.options;
    const [sandboxes, containers] = await Promise.all([runtime.listSandboxes(), runtime.listContainers()]);
    const isOurs = ({ labels }: { labels: Record<string, string> }): boolean => labels[LABEL.managed] === 'true';
    const listed = new Set([...sandboxes, ...containers].map(({ id }) => id));
    await Promise.all([
      ...sandboxes.filter(isOurs).map((sandbox) => this.statusCalls.run(() => this.listSandbox(sandbox))),
      ...containers.filter(isOurs).map((container) => this.statusCalls.run(() => this.listContainer(container))),
    ]);
    for (const id of before) {
      if (listed.has(id)) continue;
      if (this.sandboxes.has(id)) this.forgetSandbox(id);
      else this.forgetContainer(id);
    }
  }

  private async listSandbox(sandbox: Sandbox): Promise<void> {
    const known = this.sandboxes.get(sandbox.id);
    if (known) this.takeSandbox(sandbox, known.observed.ips);
    else await ignoreGone(this.refreshSandbox(sandbox.id));
  }

  private async listContainer(container: Container): Promise<void> {
    if (this.containers.get(container.id)?.observed.state === container.state) return;
    await ignoreGone(this.refreshContainer(container.id));
  }

  // --- taking in -----------------------------------------------------------------------------------------------------

  private takeSandbox(sandbox: Sandbox, ips: readonly string[]): void {
    if (this.removed.has(sandbox.id)) return;
    const { uid, name, namespace, annotations } = sandbox;
    this.identities.set(uid, { uid, name, namespace });
    const isOver = this.sandboxes.get(sandbox.id)?.observed.ready === false || this.earlyExits.delete(sandbox.id);
    const observed = observeSandbox(isOver ? { ...sandbox, ready: false } : sandbox, ips);
    this.putSandbox({ uid, observed, annotations });
  }

  private takeContainer(status: ContainerStatus): void {
    const uid = status.labels[LABEL.podUid];
    if (uid === undefined || this.removed.has(status.id)) return;
    const known = this.containers.get(status.id);
    if (known?.observed.state === 'exited') return;
    this.nameBy(uid, status.labels);
    const entry = { uid, observed: observeContainer(status), annotations: status.annotations };
    this.putContainer(entry);
    const exit = this.earlyExits.get(status.id);
    this.earlyExits.delete(status.id);
    if (exit) this.noteExit(entry, exit);
    else if (status.state === 'exited') this.addLastWords(entry);
  }

  private nameBy(uid: string, labels: Record<string, string>): void {
    if (this.identities.has(uid)) return;
    const { [LABEL.podName]: name = '', [LABEL.podNamespace]: namespace = '' } = labels;
    this.identities.set(uid, { uid, name, namespace });
  }

  private putSandbox(entry: Entry<ObservedSandbox>): void {
    this.sandboxes.set(entry.observed.id, entry);
    this.changed(entry.uid, (members) => members.sandboxes.add(entry.observed.id));
  }

  private putContainer(entry: Entry<ObservedContainer>): void {
    this.containers.set(entry.observed.id, entry);
    this.changed(entry.uid, (members) => members.containers.add(entry.observed.id));
  }

  private changed(uid: string, edit: (members: { sandboxes: Set<string>; containers: Set<string> }) => void): void {
    const members = this.members.get(uid) ?? { sandboxes: new Set<string>(), containers: new Set<string>() };
    edit(members);
    this.pictures.delete(uid);
    if (members.sandboxes.size + members.containers.size > 0) this.members.set(uid, members);
    else {
      this.members.delete(uid);
      this.identities.delete(uid);
    }
    for (const listener of this.listeners) listener(uid);
  }
}

function pick<T>(ids: ReadonlySet<string>, from: ReadonlyMap<string, Entry<T>>): T[] {
  return [...ids].flatMap((id) => from.get(id)?.observed ?? []);
}

/** Between a listing and the question about one of its members that member may go. */
async function ignoreGone(question: Promise<void>): Promise<void> {
  try {
    await question;
  } catch (error) {
    if (!(error instanceof RuntimeError && error.code === 'NotFound')) throw error;
  }
}
