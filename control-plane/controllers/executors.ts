/** How each action is carried out. An action without an executor does not compile. */
import { isStatusError, conflict, serviceUnavailable } from '../../api/errors.ts';
import { kinds, type Kind } from '../../api/kinds.ts';
import { type KubeObject, objectKey } from '../../api/object.ts';
import type { APIService } from '../../api/types/apiregistration.v1.ts';
import type { Scale } from '../../api/types/autoscaling.v1.ts';
import type { CertificateSigningRequest } from '../../api/types/certificates.v1.ts';
import type { PersistentVolumeClaim, Secret, ServiceAccount } from '../../api/types/core.v1.ts';
import type { EventRecorder } from '../events/recorder.ts';
import type { Registry } from '../registry/port.ts';
import { mutateScale, type Scalable } from '../registry/scale.ts';
import type { Action, ActionOf, Target } from './actions.ts';
import { confirmGone, confirmStays, firstIn, isGone } from './confirmations.ts';
import {
  type Conditioned,
  filled,
  merged,
  unchanged,
  withConditions,
  withMetadata,
  withoutFinalizer,
  withTaints,
} from './edits.ts';
import type { EmptyElsewhere } from './elsewhere.ts';
import { emptyElsewhere } from './namespace/empty-elsewhere.ts';
import { userOf } from './storage-protection/claim-users.ts';

export interface Edges {
  readonly registry: Registry;
  readonly events: EventRecorder;
  /** Resolves once the kind's view, or every view, holds at least what the store held when it was called. */
  readonly whenFresh: (kind?: Kind) => Promise<void>;
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

  patch: ({ target, patch, resourceVersion }, edges) =>
    change(edges, target, (object) => merged(unchanged(target, object, resourceVersion), patch)),

  'patch-status': ({ target, patch }, edges) =>
    change(edges, target, (object) => merged(object, { status: patch }), 'status'),

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

  'change-taints': (action, edges) => change(edges, action.target, (object) => withTaints(object, action)),

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

  async 'release-claim'({ target, finalizer }, edges) {
    const { registry, whenFresh } = edges;
    await whenFresh(kinds.pods as Kind);
    const key = objectKey(target.namespace, target.name);
    return changeIfThere(edges, target, (claim) => {
      const pods = registry.resource(kinds.pods).view.byIndex('claim', key);
      const user = userOf(claim as PersistentVolumeClaim, pods);
      if (user) throw conflict(target.kind, target.name, `the pod ${user.metadata.name} uses it`);
      return withoutFinalizer(claim, finalizer);
    });
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

type Change = (object: KubeObject) => KubeObject | undefined;

async function change({ registry }: Edges, target: Target, apply: Change, subresource?: 'status'): Promise<Written> {
  const { kind, namespace, name, uid } = target;
  const object = await registry.resource(kind).mutate(namespace, name, apply, { uid, subresource });
  return { kind, object, deleted: false };
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
