/** The events of one watch as the client asked for them: JSON lines, or messages with their length before them. */
import { StatusError, internalError } from '../../api/errors.ts';
import { apiVersionOf, type Kind } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/object.ts';
import { enveloped, eventFrame } from '../../api/schema/protobuf/framing.ts';
import type { WatchEvent } from '../cacher/port.ts';
import { STATUS_TYPE } from '../http/answer-encoder.ts';
import { MEDIA_TYPES } from '../http/negotiate.ts';
import type { HandlerOptions } from './port.ts';
import { messageOf, metadataOf, represent, tableHead, typeNameOf, type Representation } from './represent.ts';

/** Set on the bookmark that ends the present state. */
const INITIAL_EVENTS_END = 'k8s.io/initial-events-end';

export interface WatchFramesOptions {
  readonly kind: Kind;
  readonly form: Representation;
  readonly handlers: HandlerOptions;
}

export class WatchFrames {
  private readonly kind: Kind;
  private readonly form: Representation;
  private readonly handlers: HandlerOptions;
  private readonly formName: string;
  private isFirst = true;

  constructor({ kind, form, handlers }: WatchFramesOptions) {
    this.kind = kind;
    this.form = form;
    this.handlers = handlers;
    this.formName = `${form.encoding} ${form.as} ${form.version} ${form.includeObject}`;
  }

  get contentType(): string {
    return this.form.encoding === 'protobuf' ? `${MEDIA_TYPES.protobuf};stream=watch` : MEDIA_TYPES.json;
  }

  /** Encoded once for all watchers that ask for the same. */
  event(event: WatchEvent<KubeObject>): Buffer {
    const { as, encoding } = this.form;
    if (as === 'object' && encoding === 'json') return event.frame();
    // The one with the columns is nobody else's.
    if (as === 'table' && this.isFirst) return this.transformed(event.type, event.entry.object);
    return event.framedAs(this.formName, () =>
      as === 'object' ? this.stored(event) : this.transformed(event.type, event.entry.object),
    );
  }

  bookmark(revision: number, endsInitialEvents = false): Buffer {
    const annotations = endsInitialEvents ? { annotations: { [INITIAL_EVENTS_END]: 'true' } } : {};
    const object: KubeObject = {
      kind: this.kind.kind,
      apiVersion: apiVersionOf(this.kind),
      metadata: { resourceVersion: String(revision), ...annotations },
    };
    if (this.form.as !== 'table') return this.transformed('BOOKMARK', object);
    // Nothing is known of the object that cells could show.
    const rows = endsInitialEvents ? [{ cells: [], object: metadataOf(object, this.form.version) }] : [];
    const head = tableHead(this.kind, this.handlers, this.form, { resourceVersion: String(revision) });
    return this.table('BOOKMARK', { ...head, rows });
  }

  error(error: Error): Buffer {
    const status = error instanceof StatusError ? error : internalError(error);
    return this.framed('ERROR', STATUS_TYPE, status.toStatus());
  }

  private stored({ type, entry }: WatchEvent<KubeObject>): Buffer {
    const typeMeta = { kind: this.kind.kind, apiVersion: apiVersionOf(this.kind) };
    return eventFrame(type, enveloped(typeMeta, messageOf(this.kind, this.handlers, entry)));
  }

  private transformed(type: string, object: KubeObject): Buffer {
    const shown = represent(this.kind, this.handlers, this.form, object);
    return this.form.as === 'table'
      ? this.table(type, shown)
      : this.framed(type, typeNameOf(this.kind, this.form), shown);
  }

  /** Columns are defined by the first of them; the later ones are rows alone. */
  private table(type: string, table: object): Buffer {
    const shown = this.isFirst ? table : { ...table, columnDefinitions: null };
    this.isFirst = false;
    return this.framed(type, typeNameOf(this.kind, this.form), shown);
  }

  private framed(type: string, typeName: string, object: object): Buffer {
    if (this.form.encoding === 'protobuf') return eventFrame(type, this.handlers.protobuf.encode(typeName, object));
    return Buffer.from(`${JSON.stringify({ type, object })}\n`);
  }
}
