/** The one implementation of what can be done with the objects of a kind. */
import type { Applier, FieldManager } from '../../api/apply/field-manager.ts';
import { alreadyExists, badRequest, conflict, invalid, isStatusError, notFound } from '../../api/errors.ts';
import type { Kind } from '../../api/kinds.ts';
import { type KubeObject, objectKey } from '../../api/object.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { View } from '../../lib/view.ts';
import type { Admission } from './admission.ts';
import type { ServedCache } from '../cacher/port.ts';
import type { Store } from '../storage/port.ts';
import type { Conversion, DecodeStored } from './conversion.ts';
import { isReleased, planDeletion } from './deletion.ts';
import { copyJson } from '../../api/machinery/json.ts';
import { stampUpdate, timestamp } from './metadata.ts';
import { generateName, MAX_NAME_ATTEMPTS, type RandomInteger } from '../../api/machinery/name-generator.ts';
import { ObjectStore } from './object-store.ts';
import type { DeleteOptions, Resource, WriteOptions } from './port.ts';
import { Preparer, type RequestOptions } from './prepare.ts';
import type { Strategy } from './strategy.ts';
import { type Decision, type Outcome, WriteLoop } from './write-loop.ts';

/** Deletes of one deletecollection that are under way at once. */
const COLLECTION_CONCURRENCY = 16;

/** Of creating what was not there, while others create and delete it. */
const MAX_APPLY_ATTEMPTS = 5;

export interface DeleteRequest extends DeleteOptions {
  user?: RequestOptions['user'];
  warn?: RequestOptions['warn'];
  annotate?: RequestOptions['annotate'];
  isAdmitted?: RequestOptions['isAdmitted'];
}

export interface ApplyRequest extends RequestOptions {
  manager: string;
  /** Takes what others own instead of conflicting with them. */
  force: boolean;
}

export interface Deleted<T> {
  /** As it now is; as it was last, when it is gone. */
  readonly object: T;
  /** Whether it is gone. Otherwise it waits for its grace period or its finalizers. */
  readonly removed: boolean;
}

type Creation<T> = { readonly ok: true; readonly object: T } | { readonly ok: false };

export interface ResourceOptions<T extends KubeObject> {
  kind: Kind<T>;
  strategy: Strategy<T>;
  fields: FieldManager;
  cache: ServedCache<T>;
  store: Store;
  admission: Admission;
  clock: Clock;
  log: Log;
  newUid: () => string;
  random: RandomInteger;
  /** When the kind is served in another version than it is stored in. The cache is one that converts, then. */
  conversion?: Conversion<T> | undefined;
  decode?: DecodeStored | undefined;
}

export class GenericResource<T extends KubeObject> implements Resource<T> {
  readonly kind: Kind<T>;
  readonly cache: ServedCache<T>;
  readonly strategy: Strategy<T>;
  /** What has taken its place since, of the same name and scope. */
  successor: GenericResource<T> | undefined;
  private readonly options: ResourceOptions<T>;
  private readonly objects: ObjectStore<T>;
  private readonly preparer: Preparer<T>;
  private readonly loop: WriteLoop<T>;

  constructor(options: ResourceOptions<T>) {
    this.options = options;
    this.kind = options.kind;
    this.cache = options.cache;
    this.strategy = options.strategy;
    this.objects = new ObjectStore(options);
    this.preparer = new Preparer(options);
    const { kind, cache, strategy } = options;
    this.loop = new WriteLoop({ kind, cache, objects: this.objects, ttlSeconds: strategy.ttlSeconds });
  }

  /** Of a resource that is stored in another version, the objects as they are stored. */
  get view(): View<T> {
    return this.cache.view as View<T>;
  }

  get conversion(): Conversion<T> | undefined {
    return this.options.conversion;
  }

  get decode(): DecodeStored | undefined {
    return this.options.decode;
  }

  async get(namespace: string, name: string): Promise<T> {
    const stored = await this.objects.read(namespace, name);
    if (!stored) throw notFound(this.kind, name);
    return stored.object;
  }

  async create(object: T, request: RequestOptions = {}): Promise<T> {
    if (object.metadata?.resourceVersion) {
      throw badRequest('resourceVersion should not be set on objects to be created');
    }
    const prefix = object.metadata?.name ? undefined : object.metadata?.generateName;
    const attempts = prefix ? MAX_NAME_ATTEMPTS : 1;
    let name = object.metadata?.name ?? '';
    for (let attempt = 0; attempt < attempts; attempt++) {
      if (prefix) name = generateName(prefix, this.options.random);
      const made = await this.createNamed(object, name, request);
      if (made.ok) return made.object;
    }
    throw alreadyExists(this.kind, name);
  }

  async update(object: T, request: RequestOptions = {}): Promise<T> {
    const { namespace = '', name = '' } = object.metadata;
    this.requireVersion(object, request);
    const outcome = await this.loop.run(
      namespace,
      name,
      (current) => this.decideUpdate(object, current, request),
      request.dryRun === true,
    );
    return this.finish(outcome, request.dryRun === true);
  }

  /** As `update`; creates what does not exist, for the kinds that take a PUT so. */
  async put(object: T, request: RequestOptions = {}): Promise<{ object: T; created: boolean }> {
    try {
      return { object: await this.update(object, request), created: false };
    } catch (error) {
      const creates = this.strategy.createOnUpdate === true && request.subresource === undefined;
      if (!creates || object.metadata.resourceVersion || !isStatusError(error, 'NotFound')) throw error;
      request.mayCreate?.();
      return { object: await this.create(object, request), created: true };
    }
  }

  async mutate(
    namespace: string,
    name: string,
    change: (current: T) => T | undefined,
    request: RequestOptions = {},
  ): Promise<T> {
    const decide = (current: T): Promise<Decision<T>> | Decision<T> => {
      this.checkUid(current, request.uid);
      const wanted = change(current);
      if (wanted === undefined || wanted === current) return { action: 'leave' };
      return this.decideUpdate(wanted, current, request);
    };
    const dryRun = request.dryRun === true;
    return this.finish(await this.loop.run(namespace, name, async (current) => decide(current), dryRun), dryRun);
  }

  /**
   * Server-side apply: makes the object say what `config` says, and its manager the owner of that. Creates what does not
   * exist, unless it is a subresource's. Rejects with BadRequest for a configuration that is none and with Conflict when
   * others own what would change.
   */
  async apply(config: T, request: ApplyRequest): Promise<{ object: T; created: boolean }> {
    const { namespace = '', name = '' } = config.metadata;
    for (let attempt = 1; ; attempt++) {
      try {
        const change = (current: T): T => this.merged(current, config, request);
        return { object: await this.mutate(namespace, name, change, { ...request, isApplied: true }), created: false };
      } catch (error) {
        const creates = request.subresource === undefined && request.view === undefined;
        if (!creates || !isStatusError(error, 'NotFound')) throw error;
      }
      if (config.metadata.uid) throw this.uidMismatch(config);
      request.mayCreate?.();
      const made = await this.createApplied(config, request, attempt === MAX_APPLY_ATTEMPTS);
      if (made) return { object: made, created: true };
    }
  }

  /**
   * A change that neither admission nor the kind's update rules are asked about: whoever calls answers for it. `change` gets
   * what is there and returns what shall be; it may throw a StatusError.
   */
  async rewrite(namespace: string, name: string, change: (current: T) => T, request: WriteOptions = {}): Promise<T> {
    const decide = async (current: T): Promise<Decision<T>> => {
      const wanted = change(current);
      if (wanted === current) return { action: 'leave' };
      const next = { ...wanted, metadata: { ...wanted.metadata } };
      // What most subresources write is no change of what the user wants, so it counts no generation up.
      stampUpdate(next, current, this.kind, this.strategy, 'status');
      return { action: isReleased(next, this.strategy) ? 'remove' : 'put', object: next };
    };
    const dryRun = request.dryRun === true;
    return this.finish(await this.loop.run(namespace, name, decide, dryRun), dryRun);
  }

  async delete(namespace: string, name: string, request: DeleteRequest = {}): Promise<T> {
    return (await this.remove(namespace, name, request)).object;
  }

  /** As `delete`, and tells whether the object is gone. */
  async remove(namespace: string, name: string, request: DeleteRequest = {}): Promise<Deleted<T>> {
    const decide = async (current: T): Promise<Decision<T>> => {
      await this.preparer.forDelete(current, request);
      const plan = planDeletion(this.kind, this.strategy, current, request, this.options.clock.date());
      return plan.action === 'mark' ? { action: 'put', object: plan.object } : plan;
    };
    const dryRun = request.dryRun === true;
    const outcome = await this.loop.run(namespace, name, decide, dryRun, request.absent);
    return { object: await this.finish(outcome, dryRun), removed: outcome.action === 'remove' };
  }

  /** Deletes every object for which `matches` holds, of all namespaces when undefined; returns them. */
  async deleteCollection(
    namespace: string | undefined,
    matches: (object: T) => boolean,
    request: DeleteRequest = {},
  ): Promise<T[]> {
    await this.cache.whenFresh();
    const entries = await this.cache.list(namespace);
    const pending = entries.filter(({ object }) => matches(object));
    const results: T[] = Array.from({ length: pending.length });
    let next = 0;
    const work = async (): Promise<void> => {
      for (let index = next++; index < pending.length; index = next++) {
        const { object } = pending[index]!;
        results[index] = await this.deleteIfThere(object, request);
      }
    };
    await Promise.all(Array.from({ length: Math.min(COLLECTION_CONCURRENCY, pending.length) }, work));
    return results;
  }

  private merged(current: T | undefined, config: T, { manager, force, subresource, view }: ApplyRequest): T {
    const now = timestamp(this.options.clock.date());
    const applier: Applier = { manager, force, subresource: view?.subresource ?? subresource, now };
    // The type's own decoder has made it.
    return this.options.fields.applied(current, config, applier) as T;
  }

  /** Undefined when somebody else created it in between; rejects with AlreadyExists when this was the last attempt. */
  private async createApplied(config: T, request: ApplyRequest, isLast: boolean): Promise<T | undefined> {
    try {
      return await this.create(this.merged(undefined, config, request), { ...request, isApplied: true });
    } catch (error) {
      if (isLast || !isStatusError(error, 'AlreadyExists')) throw error;
      return undefined;
    }
  }

  private uidMismatch({ metadata }: T): Error {
    const why = `uid mismatch: the provided object specified uid ${metadata.uid}, and no existing object was found`;
    return conflict(this.kind, metadata.name ?? '', why);
  }

  private async deleteIfThere(object: T, request: DeleteRequest): Promise<T> {
    const { namespace = '', name = '', uid } = object.metadata;
    const preconditions = { ...(uid === undefined ? {} : { uid }), ...request.preconditions };
    try {
      return await this.delete(namespace, name, { ...request, preconditions });
    } catch (error) {
      // Somebody else deleted it in between; perhaps a new one has its name, which was not in the collection.
      if (isStatusError(error, 'NotFound') || isStatusError(error, 'Conflict')) return object;
      throw error;
    }
  }

  private async createNamed(object: T, name: string, request: RequestOptions): Promise<Creation<T>> {
    const dryRun = request.dryRun === true;
    const next = copyJson(object);
    next.metadata = { ...next.metadata, ...(name ? { name } : {}) };
    await this.preparer.forCreate(next, request);
    const claim = await this.strategy.claim?.(next, undefined, dryRun);
    try {
      const made = await this.tryPutNew(next, dryRun);
      if (!made.ok) await claim?.undo();
      return made;
    } catch (error) {
      // After a timeout the object may exist: then what it claimed stays, and the repair sorts it out.
      if (!isStatusError(error, 'Timeout')) await claim?.undo();
      throw error;
    }
  }

  private async tryPutNew(next: T, dryRun: boolean): Promise<Creation<T>> {
    if (!dryRun) return this.objects.put(next, 0, { ttlSeconds: this.strategy.ttlSeconds });
    const { namespace = '', name = '' } = next.metadata;
    const existing = (await this.cache.get(objectKey(namespace, name))) ?? (await this.objects.read(namespace, name));
    return existing ? { ok: false } : { ok: true, object: next };
  }

  private async decideUpdate(wanted: T, current: T, request: RequestOptions): Promise<Decision<T>> {
    const next = await this.preparer.forUpdate(wanted, current, request);
    if (!next) return { action: 'leave' };
    if (isReleased(next, this.strategy)) return { action: 'remove', object: next };
    if (request.subresource !== undefined) return { action: 'put', object: next };
    const claim = await this.strategy.claim?.(next, current, request.dryRun === true);
    return { action: 'put', object: next, ...(claim ? { undo: () => claim.undo() } : {}) };
  }

  /** What was held by the object before and is not any more is given back; a failure of that is the repair's business. */
  private async finish(outcome: Outcome<T>, dryRun: boolean): Promise<T> {
    if (dryRun || outcome.action === 'leave' || !this.strategy.release) return outcome.object;
    try {
      await this.strategy.release(outcome.previous, outcome.action === 'remove' ? undefined : outcome.object);
    } catch (error) {
      const { namespace, name } = outcome.object.metadata;
      this.options.log.warn(
        { err: error, kind: this.kind.kind, namespace, name },
        'could not release what was claimed',
      );
    }
    return outcome.object;
  }

  private requireVersion({ metadata }: T, { subresource }: RequestOptions): void {
    if (metadata.resourceVersion || this.strategy.unconditionalUpdate !== false) return;
    if (subresource === undefined && this.strategy.createOnUpdate === true && !this.knows(metadata)) return;
    const error = {
      type: 'FieldValueInvalid' as const,
      field: 'metadata.resourceVersion',
      message: 'Invalid value: 0x0: must be specified for an update',
    };
    throw invalid(this.kind, metadata.name ?? '', [error]);
  }

  private knows({ namespace = '', name = '' }: T['metadata']): boolean {
    return this.view.get(objectKey(namespace, name)) !== undefined;
  }

  private checkUid(current: T, uid: string | undefined): void {
    if (!uid || uid === current.metadata.uid) return;
    const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${current.metadata.uid}`;
    throw conflict(this.kind, current.metadata.name ?? '', why);
  }
}
