/** From what a client sent to what may be stored: defaults, admission, the kind's rules, validation, in this order. */
import { parseEntries, sameEntries } from '../../api/apply/entries.ts';
import type { FieldManager } from '../../api/apply/field-manager.ts';
import { conflict, type FieldError, invalid, modified, notFoundPath } from '../../api/errors.ts';
import type { Kind } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/object.ts';
import { FieldErrors } from '../../api/validation/field-errors.ts';
import { validateMetadata, validateMetadataUpdate } from '../../api/validation/metadata.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Admission, AdmissionRequest, User } from './admission.ts';
import { copyJson, sameJson } from '../../api/machinery/json.ts';
import { stampNew, stampUpdate, timestamp } from './metadata.ts';
import type { MutateOptions } from './port.ts';
import type { Part, Strategy } from './strategy.ts';

export interface RequestOptions extends MutateOptions {
  user?: User;
  /** Warns whoever asks; nobody listens when absent. */
  warn?: ((text: string) => void) | undefined;
  /** Notes something in the audit log; nobody keeps one when absent. */
  annotate?: ((key: string, value: string) => void) | undefined;
  /** Throws Forbidden for who may change what there is, but make nothing new. Asked before a write that creates after all. */
  mayCreate?: () => void;
  /** What the object looks like through a subresource of another type, such as `scale`: that is admitted, and owned through. */
  view?: ObjectView;
  /** Admission has been asked already about what this is a part of, such as an eviction. */
  isAdmitted?: boolean;
  /** The object says itself who owns what in it, as after an apply. */
  isApplied?: boolean;
}

/** An object as something else. */
export interface ObjectView {
  readonly subresource: string;
  readonly kind: NonNullable<AdmissionRequest['objectKind']>;
  of(object: KubeObject): KubeObject;
  /** The object with what the view says. Neither is edited. */
  into(object: KubeObject, view: KubeObject): KubeObject;
}

export interface PreparerOptions<T extends KubeObject> {
  kind: Kind<T>;
  strategy: Strategy<T>;
  fields: FieldManager;
  admission: Admission;
  clock: Clock;
  newUid: () => string;
}

export class Preparer<T extends KubeObject> {
  private readonly options: PreparerOptions<T>;

  constructor(options: PreparerOptions<T>) {
    this.options = options;
  }

  /** Edits `object`, which must be the caller's own copy and have a name, perhaps a generated one. */
  async forCreate(object: T, request: RequestOptions): Promise<T> {
    const { kind, strategy, clock, newUid } = this.options;
    strategy.applyDefaults(object);
    this.manage(object, undefined, request);
    const admitted = this.admissionRequest('CREATE', object, undefined, request);
    await this.mutate(object, admitted, request);
    stampNew(object, kind, strategy, { uid: newUid(), clock });
    strategy.prepareForCreate?.(object);
    this.check(object, [
      ...this.metadataErrors(object),
      ...strategy.validate(object),
      ...(strategy.validateNew?.(object) ?? []),
    ]);
    this.warn(request, () => strategy.warnings?.(object, undefined));
    strategy.completeNew?.(object);
    await this.judge(admitted, request);
    return object;
  }

  /**
   * What `wanted` makes of `previous`; undefined when nothing would change. `wanted` may share parts with `previous`:
   * neither is edited. Throws Conflict when `wanted` was made from another state.
   */
  async forUpdate(wanted: T, previous: T, request: RequestOptions): Promise<T | undefined> {
    this.checkVersion(wanted, previous, request);
    if (request.subresource === undefined) return this.forMainUpdate(wanted, previous, request);
    if (request.subresource === 'status') return this.forStatusUpdate(wanted, previous, request);
    const part = this.options.strategy.parts?.[request.subresource];
    if (!part) throw notFoundPath();
    return this.forPartUpdate(wanted, previous, request, part);
  }

  async forDelete(previous: T, request: RequestOptions): Promise<void> {
    const admitted = this.admissionRequest('DELETE', undefined, previous, request);
    if (!request.isAdmitted) await this.options.admission.mutate(admitted);
    await this.judge(admitted, request);
  }

  private async forMainUpdate(wanted: T, previous: T, request: RequestOptions): Promise<T | undefined> {
    const { kind, strategy } = this.options;
    let next = copyObject(kind.status ? withStatusOf(wanted, previous, kind) : wanted);
    strategy.applyDefaults(next);
    this.manage(next, previous, request);
    const admitted = this.admissionRequest('UPDATE', next, previous, request);
    await this.mutate(next, admitted, request);
    if (request.view && admitted.object) next = request.view.into(next, admitted.object) as T;
    strategy.prepareForUpdate?.(next, previous);
    stampUpdate(next, previous, kind, strategy, undefined);
    if (sameObject(next, previous)) return this.unchanged(admitted, request);
    const errors = this.metadataUpdateErrors(next, previous);
    if (!strategy.validatesUpdateAlone) errors.push(...strategy.validate(next));
    errors.push(...(strategy.validateUpdate?.(next, previous) ?? []));
    this.check(next, errors);
    this.warn(request, () => strategy.warnings?.(next, previous));
    await this.judge(admitted, request);
    return next;
  }

  /** The spec is the previous one, so there is nothing to default, copy or check in it. */
  private async forStatusUpdate(wanted: T, previous: T, request: RequestOptions): Promise<T | undefined> {
    const { kind, strategy, clock } = this.options;
    const next: T = {
      ...withStatusOf(previous, wanted, kind),
      metadata: copyObject({ metadata: wanted.metadata }).metadata,
    };
    this.manage(next, previous, request);
    const admitted = this.admissionRequest('UPDATE', next, previous, request);
    await this.mutate(next, admitted, request);
    strategy.prepareForStatusUpdate?.(next, previous, clock.date());
    stampUpdate(next, previous, kind, strategy, 'status');
    if (sameObject(next, previous)) return this.unchanged(admitted, request);
    const errors = this.metadataUpdateErrors(next, previous);
    errors.push(...(strategy.validateStatusUpdate?.(next, previous) ?? []));
    this.check(next, errors);
    this.warn(request, () => strategy.statusWarnings?.(next));
    await this.judge(admitted, request);
    return next;
  }

  private async forPartUpdate(wanted: T, previous: T, request: RequestOptions, part: Part<T>): Promise<T | undefined> {
    const { kind, strategy, clock } = this.options;
    const next = copyObject(wanted);
    strategy.applyDefaults(next);
    const now = clock.date();
    // Who sends the whole object owns no more than what is taken of it.
    part.prepare(next, previous, now);
    this.manage(next, previous, request);
    const admitted = this.admissionRequest('UPDATE', next, previous, request);
    await this.mutate(next, admitted, request);
    part.prepare(next, previous, now);
    stampUpdate(next, previous, kind, strategy, undefined);
    if (sameObject(next, previous)) return this.unchanged(admitted, request);
    this.check(next, [...this.metadataUpdateErrors(next, previous), ...part.validate(next, previous)]);
    await this.judge(admitted, request);
    return next;
  }

  /** Nothing is written, but who may not ask for it is told so all the same. */
  private async unchanged(admitted: AdmissionRequest, request: RequestOptions): Promise<undefined> {
    await this.judge(admitted, request);
  }

  private async judge(admitted: AdmissionRequest, { isAdmitted }: RequestOptions): Promise<void> {
    if (!isAdmitted) await this.options.admission.validate(admitted);
  }

  /** Before admission and the strategy: what those change is nobody's. */
  private manage(next: T, previous: T | undefined, request: RequestOptions): void {
    const { metadata } = next;
    if (!request.isApplied) metadata.managedFields = this.entries(next, previous, request);
    if (!metadata.managedFields?.length) delete metadata.managedFields;
  }

  /** Who owns what is not for admission to lose: what comes back without it, or with what is none, has what it had. */
  private async mutate(
    { metadata: before }: T,
    admitted: AdmissionRequest,
    { isAdmitted }: RequestOptions,
  ): Promise<void> {
    if (isAdmitted) return;
    const { managedFields } = before;
    await this.options.admission.mutate(admitted);
    if (admitted.objectKind) return;
    const after = admitted.object?.metadata;
    if (!after || after.managedFields === managedFields) return;
    if (after.managedFields?.length && parseEntries(after.managedFields)) return;
    if (managedFields) after.managedFields = managedFields;
    else delete after.managedFields;
  }

  private entries(next: T, previous: T | undefined, request: RequestOptions): T['metadata']['managedFields'] {
    const { manager, view, subresource = view?.subresource } = request;
    if (manager === undefined) return previous?.metadata.managedFields;
    const now = timestamp(this.options.clock.date());
    return this.options.fields.updated(previous, next, { manager, subresource, now });
  }

  private warn({ warn }: RequestOptions, texts: () => string[] | undefined): void {
    if (!warn) return;
    for (const text of texts() ?? []) warn(text);
  }

  private checkVersion(wanted: T, previous: T, request: RequestOptions): void {
    const { kind } = this.options;
    const name = previous.metadata.name ?? '';
    const uid = request.uid ?? wanted.metadata.uid;
    if (uid && uid !== previous.metadata.uid) {
      const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${previous.metadata.uid}`;
      throw conflict(kind, name, why);
    }
    const version = wanted.metadata.resourceVersion;
    if (version && version !== '0' && version !== previous.metadata.resourceVersion) throw modified(kind, name);
  }

  private metadataErrors({ metadata }: T): FieldError[] {
    const { kind, strategy } = this.options;
    const errors = new FieldErrors();
    validateMetadata(errors, metadata, { namespaced: kind.namespaced, checkName: strategy.checkName });
    return errors.list;
  }

  private metadataUpdateErrors(next: T, previous: T): FieldError[] {
    const errors = new FieldErrors();
    validateMetadataUpdate(errors, next.metadata, previous.metadata);
    if (sameJson(userMetadata(next), userMetadata(previous))) return errors.list;
    return [...errors.list, ...this.metadataErrors(next)];
  }

  private check({ metadata }: T, errors: readonly FieldError[]): void {
    if (errors.length > 0) throw invalid(this.options.kind, metadata.name ?? '', errors);
  }

  private admissionRequest(
    operation: AdmissionRequest['operation'],
    object: T | undefined,
    previous: T | undefined,
    { dryRun = false, user, subresource, view, warn = noOne, annotate }: RequestOptions,
  ): AdmissionRequest {
    const { name = '', namespace = '' } = (object ?? previous)?.metadata ?? {};
    const { kind } = this.options;
    const asked = { operation, kind, namespace, name, dryRun, user, warn, annotate };
    if (!view) return { ...asked, subresource, object, previous };
    return {
      ...asked,
      subresource: view.subresource,
      objectKind: view.kind,
      object: object && view.of(object),
      previous: previous && view.of(previous),
    };
  }
}

function noOne(): void {
  // Parts of the control plane are not warned.
}

/** `object` with the status of `other`. Types of the schema table always have one, if an empty one. */
function withStatusOf<T extends KubeObject>(object: T, other: T, { form }: Kind): T {
  const { status } = other as { status?: unknown };
  if (status !== undefined || form === undefined) return { ...object, status: status ?? {} };
  const { status: _, ...rest } = object as T & { status?: unknown };
  return rest as unknown as T;
}

function sameObject(a: KubeObject, b: KubeObject): boolean {
  return sameJson(bare(a), bare(b)) && sameEntries(a.metadata.managedFields, b.metadata.managedFields);
}

function bare(object: KubeObject): object {
  return { ...object, metadata: { ...object.metadata, resourceVersion: undefined, managedFields: undefined } };
}

/** But for managedFields, which are never edited, and would be half of the copy. */
function copyObject<T extends KubeObject>(object: T): T {
  const { managedFields } = object.metadata;
  if (managedFields === undefined) return copyJson(object);
  const copy = copyJson({ ...object, metadata: { ...object.metadata, managedFields: undefined } });
  return { ...copy, metadata: { ...copy.metadata, managedFields } };
}

function userMetadata({ metadata }: KubeObject): unknown[] {
  return [metadata.labels, metadata.annotations, metadata.ownerReferences, metadata.finalizers];
}
