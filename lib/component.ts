/** Build, start and stop are three acts: constructors keep their dependencies, `start` begins, `stop` ends cleanly. */
export interface Component {
  readonly name: string;
  /** Resolves when the component does its work; rejects when it can't, having left nothing behind. */
  start(): Promise<void>;
  /** Finishes what is under way, frees everything, and never rejects because something was gone already. */
  stop(): Promise<void>;
}

/** Starts components in order; stops those that were started in reverse order, each even if another fails to. */
export class ComponentGroup implements Component {
  readonly name: string;
  private readonly members: readonly Component[];
  private readonly started: Component[] = [];

  constructor(name: string, members: readonly Component[]) {
    this.name = name;
    this.members = members;
  }

  async start(): Promise<void> {
    for (const member of this.members) {
      try {
        await member.start();
      } catch (error) {
        await this.stop();
        throw error;
      }
      this.started.push(member);
    }
  }

  async stop(): Promise<void> {
    const failures: unknown[] = [];
    for (let member = this.started.pop(); member; member = this.started.pop()) {
      try {
        await member.stop();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, `${this.name} did not stop cleanly`);
  }
}
