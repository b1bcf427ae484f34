/** How each action is carried out. An action without an executor does not compile. */
import { isStatusError, conflict, serviceUnavailable } from '../../api/errors.ts';
import { kinds, type Kind } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/object.ts';
import type { APIService } from '../../api/types/apiregistration.v1.ts';
import type { Scale } from '../../api/types/autoscaling.v1.ts';
import type { CertificateSigningRequest } from '../../api/types/certificates.v1.ts';
import type { Secret, ServiceAccount, Taint } from '../../api/types/core.v1.ts';
import type { OwnerReference } from '../../api/types/meta.v1.ts';
import type { EventRecorder } from '../events/recorder.ts';

import type { Registry } from '../registry/port.ts';
import { mutateScale, type Scalable } from '../registry/scale.ts';
import type { Action, ActionOf, Condition, MergePatch, Target } from './actions.ts';
import { withCondition } from './conditions.ts';
import { emptyElsewhere } from './namespace/empty-elsewhere.ts';
import type { EmptyElsewhere } from './elsewhere.ts';
import { ACCOUNT_UID, base64 } from './token-secrets/plan.ts';

export interface Edges {
  readonly registry: Registry;
  readonly events: EventRecorder;
  /** Resolves once every view holds at least what the store held when it was called. */
  readonly whenFresh: () => Promise<void>;
  readonly credentials: Credentials;
  /** Asks the server that an APIService names for its discovery. Rejects when it does not answer, and says why. */
  readonly probe: (apiService: APIService) => Promise<void>;
  /** Of what other API servers serve. */
  readonly empty: EmptyElsewhere;
}

/** What only the keys of the cluster can make. */
export interface Credentials {
  /** A certificate as PEM. */
  signCertificate(request: CertificateSigningRequest): Promise<string>;
  /** The token of an account that lives as long as the secret which holds it. */
  issueToken(account: ServiceAccount, secretName: string): Promise<string>;
}

/** What the store was made to say, so that the runner can wait until the view says it too. */
export interface Written {
  readonly kind: Kind;
  readonly object: KubeObject;
  readonly deleted: boolean;
}

type Executors = {
  readonly [Verb in Action['do']]: (action: ActionOf<Verb>, edges: Edges) => Promise<Written | undefined>;
};

interface Conditioned extends KubeObject {
  status?: { conditions?: Condition[] };
}

interface Tainted extends KubeObject {
  spec: { taints?: Taint[] };
}

interface Issued extends KubeObject {
  status?: { certificate?: string };
}

interface Finalized extends KubeObject {
  spec?: { finalizers?: string[] };
}

const executors: Executors = {
  async create({ kind, object }, { registry }) {
    return { kind, object: await registry.resource(kind).create(object), deleted: false };
  },

  patch: ({ target, patch }, edges) => change(edges, target, (object) => mergePatch(object, patch)),

  'patch-status': ({ target, patch }, edges) =>
    change(edges, target, (object) => mergePatch(object, { status: patch }), 'status'),

  async 'set-status'({ target, status, resourceVersion, gone = [] }, edges) {
    await confirmGone(edges.registry, target, gone);
    const replace = (object: KubeObject): Conditioned => ({ ...unchanged(target, object, resourceVersion), status });
    return change(edges, target, replace, 'status');
  },

  async 'set-scale'({ target: { kind, namespace, name, uid }, replicas }, { registry }) {
    const resize = (scale: Scale): Scale => {
      if (scale.metadata.uid !== uid) throw conflict(kind, name, 'it was replaced by another');
      return { ...scale, spec: { replicas } };
    };
    const scale = await mutateScale(registry.resource(kind as Kind<Scalable>), namespace, name, resize);
    return { kind, object: scale, deleted: false };
  },

  'set-conditions': ({ target, conditions, at }, edges) =>
    change(edges, target, (object) => withConditions(object, conditions, at), 'status'),

  async delete({ target, gracePeriodSeconds, propagationPolicy, resourceVersion, absent }, { registry }) {
    return remove(registry, target, { gracePeriodSeconds, propagationPolicy, resourceVersion, absent });
  },

  async 'add-owner'({ target, ownerKind, owner, finalizer, resourceVersion }, edges) {
    await confirmStays(edges.registry, target, ownerKind, owner);
    return change(edges, target, (object) => {
      const { ownerReferences: owners = [], finalizers = [] } = unchanged(target, object, resourceVersion).metadata;
      const isOwner = owners.some(({ uid }) => uid === owner.uid);
      const lacksFinalizer = finalizer !== undefined && !finalizers.includes(finalizer);
      if (isOwner && !lacksFinalizer) return undefined;
      if (!isOwner && owners.some(({ controller }) => controller)) {
        throw conflict(target.kind, target.name, 'it has another controller by now');
      }
      const metadata = { ...object.metadata, ownerReferences: isOwner ? owners : [...owners, owner] };
      if (lacksFinalizer) metadata.finalizers = [...finalizers, finalizer];
      return { ...object, metadata };
    });
  },

  async 'remove-owners'({ target, uids, gone = [] }, edges) {
    await confirmGone(edges.registry, target, gone);
    return changeIfThere(edges, target, (object) => {
      const owners = object.metadata.ownerReferences ?? [];
      const rest = owners.filter(({ uid }) => !uids.includes(uid));
      return rest.length === owners.length ? undefined : withMetadata(object, 'ownerReferences', rest);
    });
  },

  async 'remove-finalizer'({ target, finalizer, resourceVersion, gone = [] }, edges) {
    await confirmGone(edges.registry, target, gone);
    const remove = (object: KubeObject): KubeObject | undefined =>
      withoutFinalizer(unchanged(target, object, resourceVersion), finalizer);
    return changeIfThere(edges, target, remove);
  },

  'change-taints': (action, edges) => change(edges, action.target, (object) => withTaints(object as Tainted, action)),

  async collect({ target, owners, propagationPolicy, gracePeriodSeconds, resourceVersion, absent }, { registry }) {
    await confirmGone(registry, target, owners);
    return remove(registry, target, { propagationPolicy, gracePeriodSeconds, resourceVersion, absent });
  },

  async 'approve-certificate'({ target, condition }, { registry }) {
    const decide = (current: CertificateSigningRequest): CertificateSigningRequest | undefined => {
      const conditions = current.status?.conditions ?? [];
      if (conditions.length > 0 || current.metadata.uid !== target.uid) return undefined;
      return { ...current, status: { ...current.status, conditions: [condition] } };
    };
    const resource = registry.resource(kinds.certificatesigningrequests);
    const object = await resource.mutate('', target.name, decide, { subresource: 'approval' });
    return { kind: target.kind, object, deleted: false };
  },

  async 'sign-certificate'({ target, request }, edges) {
    const certificate = Buffer.from(await edges.credentials.signCertificate(request)).toString('base64');
    const sign = (object: Issued): Issued | undefined =>
      object.status?.certificate ? undefined : { ...object, status: { ...object.status, certificate } };
    return change(edges, target, sign, 'status');
  },

  async 'fill-token'({ target, account, certificate }, edges) {
    const token = await edges.credentials.issueToken(account, target.name);
    return changeIfThere(edges, target, (secret) => filled(secret as Secret, account, token, certificate));
  },

  'empty-elsewhere': async ({ target, resources }, { empty }) => {
    await emptyElsewhere(resources, target.name, empty);
    return undefined;
  },

  async 'finalize-namespace'({ target }, edges) {
    await edges.whenFresh();
    const left = firstIn(edges.registry, target.name);
    if (left) throw conflict(target.kind, target.name, `there is still a ${left} in it`);
    return finalize(edges.registry, target);
  },

  async 'finalize-definition'({ target, kind, finalizer }, edges) {
    const { registry, whenFresh } = edges;
    await whenFresh();
    for (const { metadata } of registry.resource(kind).view.list()) {
      throw conflict(target.kind, target.name, `${kind.kind} ${metadata.name} is still there`);
    }
    return changeIfThere(edges, target, (object) => withoutFinalizer(object, finalizer));
  },

  async probe({ apiService }, { probe }) {
    try {
      await probe(apiService);
      return undefined;
    } catch (cause) {
      throw serviceUnavailable((cause as Error).message);
    }
  },

  record({ event }, { events }) {
    events.record(event);
    return Promise.resolve(undefined);
  },
};

/** Carries out one action; records its event when it succeeded. Rejects with a StatusError. */
export async function execute(action: Action, edges: Edges): Promise<Written | undefined> {
  // Each executor takes the action of its own verb: the table's type guarantees it, the compiler can't follow the index.
  const executor = executors[action.do] as (action: Action, edges: Edges) => Promise<Written | undefined>;
  const written = await executor(action, edges);
  if (action.event && action.do !== 'record') edges.events.record(action.event);
  return written;
}

/** A list that has become empty is absent, as everywhere in the API. */
function withMetadata<Field extends 'ownerReferences' | 'finalizers'>(
  object: KubeObject,
  field: Field,
  list: KubeObject['metadata'][Field] & object,
): KubeObject {
  const { [field]: _former, ...metadata } = object.metadata;
  return { ...object, metadata: list.length > 0 ? { ...metadata, [field]: list } : metadata };
}

type Change = (object: KubeObject) => KubeObject | undefined;

async function change({ registry }: Edges, target: Target, apply: Change, subresource?: 'status'): Promise<Written> {
  const { kind, namespace, name, uid } = target;
  const object = await registry.resource(kind).mutate(namespace, name, apply, { uid, subresource });
  return { kind, object, deleted: false };
}

/** Throws a Conflict when the object is not any more as whoever planned saw it. */
function unchanged(target: Target, object: KubeObject, resourceVersion: string | undefined): KubeObject {
  if (resourceVersion === undefined || object.metadata.resourceVersion === resourceVersion) return object;
  throw conflict(target.kind, target.name, 'it was written since');
}

/** For what need not be done when the object is gone or was replaced by another of its name. */
async function changeIfThere(edges: Edges, target: Target, apply: Change): Promise<Written | undefined> {
  try {
    return await change(edges, target, apply);
  } catch (error) {
    if (await isGone(edges.registry, target, error)) return undefined;
    throw error;
  }
}

async function finalize(registry: Registry, target: Target): Promise<Written | undefined> {
  const { kind, namespace, name, uid } = target;
  try {
    const change = (current: Finalized): Finalized | undefined => {
      if (current.metadata.uid !== uid) return undefined;
      const finalizers = (current.spec?.finalizers ?? []).filter((finalizer) => finalizer !== 'kubernetes');
      return { ...current, spec: { ...current.spec, finalizers } };
    };
    const object = await registry.resource(kind).mutate(namespace, name, change, { subresource: 'finalize' });
    return { kind, object, deleted: true };
  } catch (error) {
    if (isStatusError(error, 'NotFound')) return undefined;
    throw error;
  }
}

interface RemoveOptions {
  gracePeriodSeconds?: number | undefined;
  propagationPolicy?: 'Orphan' | 'Background' | 'Foreground' | undefined;
  resourceVersion?: string | undefined;
  absent?: string | undefined;
}

async function remove(registry: Registry, target: Target, options: RemoveOptions): Promise<Written | undefined> {
  const { kind, namespace, name, uid } = target;
  const { gracePeriodSeconds, propagationPolicy, resourceVersion, absent } = options;
  try {
    const object = await registry.resource(kind).delete(namespace, name, {
      gracePeriodSeconds,
      propagationPolicy,
      preconditions: { uid, resourceVersion },
      absent,
    });
    return { kind, object, deleted: true };
  } catch (error) {
    // To be gone is what was wanted.
    if (await isGone(registry, target, error)) return undefined;
    throw error;
  }
}

/** Views may lag behind; what is deleted for another's absence is deleted on the store's word. */
async function confirmGone(registry: Registry, target: Target, owners: readonly Target[]): Promise<void> {
  for (const owner of owners) {
    if (await exists(registry, owner)) {
      throw conflict(target.kind, target.name, `its ${owner.kind.kind} ${owner.name} is still there`);
    }
  }
}

/** What is adopted by an owner that is gone or leaving goes with it, also if somebody has just set it free to keep it. */
async function confirmStays(
  registry: Registry,
  { kind, namespace, name }: Target,
  ownerKind: Kind,
  owner: OwnerReference,
): Promise<void> {
  const { metadata } = await registry.resource(ownerKind).get(namespace, owner.name);
  if (metadata.uid === owner.uid && metadata.deletionTimestamp === undefined) return;
  throw conflict(kind, name, `its new owner ${owner.kind} ${owner.name} is being deleted or was replaced`);
}

async function isGone(registry: Registry, target: Target, error: unknown): Promise<boolean> {
  if (isStatusError(error, 'NotFound')) return true;
  return isStatusError(error, 'Conflict') && !(await exists(registry, target));
}

async function exists(registry: Registry, { kind, namespace, name, uid }: Target): Promise<boolean> {
  try {
    const object = await registry.resource(kind).get(namespace, name);
    return uid === '' || object.metadata.uid === uid;
  } catch (error) {
    if (isStatusError(error, 'NotFound')) return false;
    throw error;
  }
}

function firstIn(registry: Registry, namespace: string): string | undefined {
  for (const kind of registry.kinds()) {
    if (!kind.namespaced) continue;
    for (const _ of registry.resource(kind).view.byIndex('namespace', namespace)) return kind.kind;
  }
  return undefined;
}

function withoutFinalizer(object: KubeObject, finalizer: string): KubeObject | undefined {
  const finalizers = object.metadata.finalizers ?? [];
  if (!finalizers.includes(finalizer)) return undefined;
  return withMetadata(
    object,
    'finalizers',
    finalizers.filter((name) => name !== finalizer),
  );
}

function withConditions(object: Conditioned, next: readonly Condition[], at: string): KubeObject {
  const conditions = next.reduce<readonly Condition[]>(
    (list, condition) => withCondition(list, condition, at),
    object.status?.conditions ?? [],
  );
  return { ...object, status: { ...object.status, conditions } } as Conditioned;
}

/** A token that somebody else has put there meanwhile stays. */
function filled(secret: Secret, account: ServiceAccount, token: string, certificate: string): Secret {
  const { namespace = '', annotations } = secret.metadata;
  const data = {
    ...secret.data,
    token: secret.data?.['token'] ?? base64(token),
    namespace: base64(namespace),
    'ca.crt': base64(certificate),
  };
  const named = { ...annotations, [ACCOUNT_UID]: account.metadata.uid ?? '' };
  return { ...secret, metadata: { ...secret.metadata, annotations: named }, data };
}

function withTaints(node: Tainted, { add, remove: unwanted }: ActionOf<'change-taints'>): KubeObject {
  const isOneOf = (list: readonly Pick<Taint, 'key' | 'effect'>[], taint: Taint): boolean =>
    list.some(({ key, effect }) => key === taint.key && effect === taint.effect);
  const kept = (node.spec.taints ?? []).filter((taint) => !isOneOf(unwanted, taint));
  const taints = [...kept, ...add.filter((taint) => !isOneOf(kept, taint))];
  const spec = { ...node.spec, taints };
  return { ...node, spec } as KubeObject;
}

function isPatch(value: unknown): value is MergePatch {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** RFC 7386, section 2. */
export function mergePatch<T extends object>(target: T, patch: MergePatch): T {
  const result: Record<string, unknown> = Object.fromEntries(Object.entries(target));
  for (const [field, value] of Object.entries(patch)) {
    if (value === null) delete result[field];
    else if (isPatch(value)) result[field] = mergePatch(isPatch(result[field]) ? result[field] : {}, value);
    else result[field] = value;
  }
  return result as T;
}
