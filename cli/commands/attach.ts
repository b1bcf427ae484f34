import { defineCommand } from '../command.ts';
import { CommandError } from '../errors.ts';
import { text, toggle } from '../flags.ts';
import { openPodStreams } from '../pod-streams.ts';
import { containerOf, podOf } from '../pods.ts';
import { lendTerminal } from '../terminal.ts';

export const command = defineCommand({
  summary: 'Attach to a process that is already running inside an existing container',
  usage: '(POD | TYPE/NAME) [-c CONTAINER]',
  flags: {
    container: text('Container name', { short: 'c' }),
    stdin: toggle('Pass stdin to the container', { short: 'i' }),
    tty: toggle('Stdin is a TTY', { short: 't' }),
  },
  async run({ args, flags, session }) {
    const pod = await podOf(args, session);
    const name = containerOf(pod, flags.container, session);
    const container = pod.spec.containers.find((candidate) => candidate.name === name);
    if (flags.stdin && !container?.stdin)
      throw new CommandError(`container ${name} did not allocate one of the following resources: stdin`);
    const tty = flags.tty && flags.stdin && container?.tty === true && session.world.stdin.isTTY === true;
    if (flags.tty && !tty) session.warn(`Unable to use a TTY - container ${name} did not allocate one`);
    if (tty) session.warn("If you don't see a command prompt, try pressing enter.");
    const streams = await openPodStreams(pod, 'attach', { container: name, stdin: flags.stdin, tty }, session);
    return lendTerminal(streams, { stdin: flags.stdin, tty }, session);
  },
});
