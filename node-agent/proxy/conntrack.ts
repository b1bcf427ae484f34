/** The kernel's connection table through the `conntrack` program. */
import { execFile } from 'node:child_process';
import type { Conntrack, StaleFlow } from './port.ts';

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

  forgetAttempts(backend: string): Promise<void> {
    return this.remove(['-p', 'tcp', '--state', 'SYN_SENT', '--reply-src', backend]);
  }

  private remove(which: readonly string[]): Promise<void> {
    const [program = 'conntrack', ...rest] = [...this.prefix, 'conntrack', '-D', ...which];
    return new Promise((resolve, reject) => {
      execFile(program, rest, (error, _stdout, stderr) => {
        // Exit code 1 with a count of 0 is how it says that there was none.
        if (!error || stderr.includes(' 0 flow entries have been deleted')) resolve();
        else reject(new Error(`conntrack: ${stderr.trim() || error.message}`, { cause: error }));
      });
    });
  }
}
