/**
 * What one agent still has to be told: keys only, so that it is bounded by the number of objects and a slow agent gets
 * the newest state of each, never a backlog of old ones.
 */
import { type Lookup, type Pending, note, takeBatch } from './batch.ts';
import type { EncodedMessage, ObjectChange, ServerMessage } from '../../lib/link/proto.ts';

export interface FeedOptions {
  /** Undefined also for what this agent is not to have (any more). */
  readonly lookup: Lookup;
  /** Returns false when the stream wants to be left alone until {@link Feed.resume}. */
  send(message: ServerMessage | EncodedMessage): boolean;
}

export class Feed {
  private readonly options: FeedOptions;
  private readonly pending: Pending = new Map();
  private isComplete = false;
  private scheduled = false;
  private writable = true;
  private closed = false;

  constructor(options: FeedOptions) {
    this.options = options;
  }

  /** The object of this key is new, other, or gone. */
  touch(resource: string, key: string): void {
    note(this.pending, resource, key);
    this.schedule();
  }

  /** Changes that others are told too, in a message that holds them. An agent that is not up to date is told with the rest. */
  share(changes: readonly ObjectChange[], message: EncodedMessage): void {
    if (this.closed) return;
    if (this.isComplete && this.writable) this.writable = this.options.send(message);
    else for (const { resource, key } of changes) this.touch(resource, key);
  }

  resume(): void {
    this.writable = true;
    this.flush();
  }

  close(): void {
    this.closed = true;
    this.pending.clear();
  }

  /** Changes of one turn of the event loop go out together. */
  schedule(): void {
    if (this.scheduled || this.closed) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      this.flush();
    });
  }

  private flush(): void {
    while (this.writable && !this.closed && (this.pending.size > 0 || !this.isComplete)) {
      const changes = takeBatch(this.pending, this.options.lookup);
      const complete = !this.isComplete && this.pending.size === 0;
      if (complete) this.isComplete = true;
      this.writable = this.options.send({ changes: { changes, complete } });
    }
  }
}
