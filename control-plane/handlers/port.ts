/** What the handlers work on. Each verb is one function of an exchange, the resource it is about, and these. */
import type { Patcher } from '../../api/patch/patcher.ts';
import type { Codec } from '../../api/schema/codec.ts';
import type { Protobuf } from '../../api/schema/protobuf/protobuf.ts';
import type { Kind } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/object.ts';
import type { TableColumnDefinition } from '../../api/types/meta.v1.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { CounterMetric } from '../../lib/metrics.ts';
import type { Cached, ServedCache } from '../cacher/port.ts';
import type { NodeTunnels } from '../nodes/port.ts';
import type { DecodeStored } from '../registry/conversion.ts';
import type { DeleteOptions, MutateOptions, Resource } from '../registry/port.ts';
import type { ApplyRequest } from '../registry/resource.ts';
import type { Exchange } from '../http/exchange.ts';
import type { ResourceRequest } from '../http/request-info.ts';
import type { Authorizer } from '../auth/authorizer.ts';
import type { Admission } from '../registry/admission.ts';
import type { User } from '../user.ts';
import type { TokenRequests } from '../auth/tokens/requests.ts';

/** Who writes, for admission. */
export interface Asked {
  readonly user?: User;
  /** Warns the client. */
  readonly warn?: (text: string) => void;
  readonly annotate?: (key: string, value: string) => void;
}

/** A resource as the API serves it: what controllers see of it, and what only a client asks for. */
export interface ServedResource<T extends KubeObject = KubeObject> extends Resource<T> {
  readonly cache: ServedCache<T>;
  readonly decode: DecodeStored | undefined;
  /** What has taken its place since, of the same name and scope. */
  readonly successor: ServedResource<T> | undefined;
  /** As `update`; creates what does not exist, for the kinds that take a PUT so. */
  put(
    object: T,
    options?: MutateOptions & Asked & { mayCreate?: () => void },
  ): Promise<{ object: T; created: boolean }>;
  /** Server-side apply; creates what does not exist. */
  apply(config: T, request: ApplyRequest): Promise<{ object: T; created: boolean }>;
  /** As `delete`, and tells whether the object is gone. */
  remove(
    namespace: string,
    name: string,
    options?: DeleteOptions & Asked,
  ): Promise<{ readonly object: T; readonly removed: boolean }>;
  deleteCollection(
    namespace: string | undefined,
    matches: (object: T) => boolean,
    options?: DeleteOptions & Asked,
  ): Promise<T[]>;
}

export interface Resources {
  /** For what is no write: writes are admitted by the resources themselves. */
  readonly admission: Admission;
  /** undefined when it is not served. */
  find(group: string, version: string, plural: string): ServedResource | undefined;
  /** As `find`; what is not known yet may have been defined on another server a moment ago. */
  findFresh(group: string, version: string, plural: string): Promise<ServedResource | undefined>;
  of<T extends KubeObject>(kind: Kind<T>): ServedResource<T>;
}

export interface PageRequest {
  readonly namespace: string;
  /** Keys (`namespace/name` or `name`) up to and including this one are left out. */
  readonly after: string | undefined;
  /** The revision to read at; now when absent. */
  readonly revision: number | undefined;
  readonly limit: number | undefined;
  readonly signal: AbortSignal;
}

export interface Page {
  readonly entries: readonly Cached<KubeObject>[];
  readonly revision: number;
  /** How many follow the last entry. */
  readonly remaining: number;
}

/** Reads collections as they were at a revision, which the caches don't hold. */
export interface History {
  /** As they are stored; the resource's cache shows them as it serves them. Throws Expired when the revision is gone. */
  list(resource: Pick<ServedResource, 'kind' | 'decode'>, request: PageRequest): Promise<Page>;
}

/** The columns of a kind's tables. */
export interface Printer {
  columns(kind: Kind): readonly TableColumnDefinition[];
  /** One cell a column. */
  cells(kind: Kind, object: KubeObject, now: Date): unknown[];
}

export interface WatchMetrics {
  readonly events: CounterMetric<'group' | 'version' | 'kind'>;
  readonly terminated: CounterMetric<'group' | 'version' | 'kind'>;
}

export interface HandlerOptions {
  readonly resources: Resources;
  readonly history: History;
  readonly codec: Codec;
  readonly protobuf: Protobuf;
  readonly patcher: Patcher;
  readonly printer: Printer;
  readonly tunnels: NodeTunnels;
  readonly tokenRequests: TokenRequests;
  readonly authorizers: readonly Authorizer[];
  readonly clock: Clock;
  /** From 0 up to 1. */
  readonly random: () => number;
  readonly log: Log;
  readonly watchMetrics: WatchMetrics;
}

export interface ResourceExchange extends Exchange {
  /** What the path names. */
  readonly target: ResourceRequest;
  readonly resource: ServedResource;
}

/** One verb of one (sub)resource. */
export type ResourceHandler = (exchange: ResourceExchange, options: HandlerOptions) => Promise<void>;
