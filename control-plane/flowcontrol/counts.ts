/** What is counted of the requests of one schema at one level. Plain numbers: they change several times a request. */
export type Refusal = 'queue-full' | 'concurrency-limit' | 'time-out';

export class FlowCounts {
  readonly level: string;
  readonly schema: string;
  waiting = 0;
  waitingSeats = 0;
  executing = 0;
  executingSeats = 0;
  dispatched = 0;
  /** Times that a request whose turn it was had to wait for more seats to become free. */
  notAccommodated = 0;
  readonly rejected: Record<Refusal, number> = { 'queue-full': 0, 'concurrency-limit': 0, 'time-out': 0 };

  constructor(level: string, schema: string) {
    this.level = level;
    this.schema = schema;
  }
}
