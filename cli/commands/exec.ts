import { defineCommand } from '../command.ts';
import { CommandError } from '../errors.ts';
import { text, toggle } from '../flags.ts';
import { openPodStreams } from '../pod-streams.ts';
import { containerOf, podOf } from '../pods.ts';
import { lendTerminal } from '../terminal.ts';

export const command = defineCommand({
  summary: 'Execute a command in a container',
  usage: '(POD | TYPE/NAME) [-c CONTAINER] [flags] -- COMMAND [args...]',
  examples: ['dure exec web -- date', 'dure exec -it deploy/web -- sh'],
  flags: {
    container: text('Container name', { short: 'c' }),
    stdin: toggle('Pass stdin to the container', { short: 'i' }),
    tty: toggle('Stdin is a TTY', { short: 't' }),
    quiet: toggle('Only print output from the remote session', { short: 'q' }),
  },
  async run({ args, afterDash, flags, session }) {
    if (!afterDash || afterDash.length === 0) {
      throw new CommandError(
        args.length > 1
          ? 'exec [POD] [COMMAND] is not supported anymore. Use exec [POD] -- [COMMAND] instead'
          : 'you must specify at least one command for the container',
      );
    }
    if (args.length === 0) throw new CommandError('pod, type/name or --filename must be specified');
    const pod = await podOf(args, session);
    const { phase } = pod.status ?? {};
    if (phase === 'Succeeded' || phase === 'Failed') {
      throw new CommandError(`cannot exec into a container in a completed pod; current phase is ${phase}`);
    }
    const container = containerOf(pod, flags.container, flags.quiet ? undefined : session);
    const tty = flags.tty && flags.stdin && session.world.stdin.isTTY === true;
    if (flags.tty && !tty) session.warn('Unable to use a TTY - input is not a terminal or the right kind of file');
    const streams = await openPodStreams(
      pod,
      'exec',
      { container, command: afterDash, stdin: flags.stdin, tty },
      session,
    );
    return lendTerminal(streams, { stdin: flags.stdin, tty }, session);
  },
});
