/** The kernel's connection table through the `conntrack` program. */
import { execFile } from 'node:child_process';
import type { Conntrack, StaleFlow } from './port.ts';

/** conntrack opens its standard input by name, which it can't where that is a socket, as Node's are. */
const READ_ARGUMENT = 'exec conntrack -R - <<END\n$1\nEND\n';
/** One argument may have 128 KiB. */
const MOST_AT_ONCE = 1000;

export class ConntrackProcess implements Conntrack {
  private readonly prefix: readonly string[];

  constructor(options: { prefix?: readonly string[] } = {}) {
    this.prefix = options.prefix ?? [];
  }

  forgetUdp(flow: StaleFlow): Promise<void> {
    const args = ['-p', 'udp', '--orig-port-dst', String(flow.port)];
    if (flow.address) args.push('--orig-dst', flow.address);
    if (flow.backend) args.push('--reply-src', flow.backend);
    return this.remove(args);
  }

  /** A lost host takes many backends with it: one program reads what is to be forgotten of all, a line each. */
  async forgetAttempts(backends: readonly string[]): Promise<void> {
    for (let at = 0; at < backends.length; at += MOST_AT_ONCE) {
      const some = backends.slice(at, at + MOST_AT_ONCE);
      const lines = some.map((backend) => `-D -p tcp --state SYN_SENT --reply-src ${backend}`);
      await this.run(['sh', '-c', READ_ARGUMENT, 'sh', lines.join('\n')]);
    }
  }

  private remove(which: readonly string[]): Promise<void> {
    return this.run(['conntrack', '-D', ...which]);
  }

  private run(command: readonly string[]): Promise<void> {
    const [program = '', ...rest] = [...this.prefix, ...command];
    return new Promise((resolve, reject) => {
      execFile(program, rest, (error, _stdout, stderr) => {
        // Exit code 1 with a count of 0 is how it says that there was none.
        if (!error || stderr.includes(' 0 flow entries have been deleted')) resolve();
        else reject(new Error(`conntrack: ${stderr.trim() || error.message}`, { cause: error }));
      });
    });
  }
}
