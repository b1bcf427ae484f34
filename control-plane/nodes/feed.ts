/**
 * What one agent still has to be told: keys only, so that it is bounded by the number of objects and a slow agent gets
 * the newest state of each, never a backlog of old ones.
 */
import { CHANGES_BYTES, type ObjectChange, type ServerMessage } from '../../lib/link/proto.ts';

const NOTHING = Buffer.alloc(0);

export interface FeedOptions {
  /** The object's bytes as they go over the wire now; undefined when this agent is not to have it (any more). */
  lookup(resource: string, key: string): Buffer | undefined;
  /** Returns false when the stream wants to be left alone until {@link Feed.resume}. */
  send(message: ServerMessage): boolean;
}

export class Feed {
  private readonly options: FeedOptions;
  private readonly pending = new Map<string, { resource: string; key: string }>();
  private isComplete = false;
  private scheduled = false;
  private writable = true;
  private closed = false;

  constructor(options: FeedOptions) {
    this.options = options;
  }

  /** The object of this key is new, other, or gone. */
  touch(resource: string, key: string): void {
    this.pending.set(`${resource}/${key}`, { resource, key });
    this.schedule();
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
      const changes = this.nextBatch();
      const complete = !this.isComplete && this.pending.size === 0;
      if (complete) this.isComplete = true;
      this.writable = this.options.send({ changes: { changes, complete } });
    }
  }

  private nextBatch(): ObjectChange[] {
    const changes: ObjectChange[] = [];
    let bytes = 0;
    for (const [id, { resource, key }] of this.pending) {
      const object = this.options.lookup(resource, key) ?? NOTHING;
      bytes += object.length + key.length;
      if (changes.length > 0 && bytes > CHANGES_BYTES) break;
      changes.push({ resource, key, object });
      this.pending.delete(id);
    }
    return changes;
  }
}
