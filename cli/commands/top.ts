import type { CommandModule } from '../command.ts';
import { nodes } from '../top/nodes.ts';
import { pods } from '../top/pods.ts';

export const command: CommandModule = {
  summary: 'Display resource (CPU/memory) usage',
  usage: '(node|pod) [NAME]',
  subcommands: { node: nodes, nodes, no: nodes, pod: pods, pods, po: pods },
};
