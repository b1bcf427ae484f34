import type { Container } from '../../api/types/core.v1.ts';
import { defineCommand, type CommandModule } from '../command.ts';
import { CommandError } from '../errors.ts';
import { changeEach, podSpecOf, setFlags, type WithTemplate } from '../set/change.ts';
import { env } from '../set/env.ts';
import { resources } from '../set/resources.ts';
import { selector } from '../set/selector.ts';
import { serviceaccount } from '../set/serviceaccount.ts';
import { subject } from '../set/subject.ts';

const image = defineCommand({
  summary: 'Update the image of a pod template',
  usage: '(-f FILENAME | TYPE NAME) CONTAINER_NAME_1=CONTAINER_IMAGE_1 ... CONTAINER_NAME_N=CONTAINER_IMAGE_N',
  examples: ['dure set image deployment/web nginx=nginx:1.27', "dure set image deployment/web '*=nginx:1.27'"],
  flags: setFlags,
  async run({ args, flags, session }) {
    const pairs = args.filter((arg) => arg.includes('='));
    if (pairs.length === 0) throw new CommandError('at least one image update is required');
    const images = new Map(pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]));
    const words = args.filter((arg) => !arg.includes('='));
    await changeEach<WithTemplate>(words, { flags, session, done: 'image updated' }, (selected) => {
      const { spec, wrap } = podSpecOf(selected);
      const changed = (containers: readonly Container[] = []): object[] =>
        containers.flatMap(({ name, image: before }) => {
          const next = images.get(name) ?? images.get('*');
          return next === undefined || next === before ? [] : [{ name, image: next }];
        });
      const names = new Set([...spec.containers, ...(spec.initContainers ?? [])].map(({ name }) => name));
      const missing = [...images.keys()].find((name) => name !== '*' && !names.has(name));
      if (missing !== undefined) throw new CommandError(`unable to find container named "${missing}"`);
      const [containers, initContainers] = [changed(spec.containers), changed(spec.initContainers)];
      if (containers.length + initContainers.length === 0) return undefined;
      return wrap({
        ...(containers.length > 0 ? { containers } : {}),
        ...(initContainers.length > 0 ? { initContainers } : {}),
      });
    });
  },
});

export const command: CommandModule = {
  summary: 'Set specific features on objects',
  usage: '(env|image|resources|selector|serviceaccount|subject) …',
  subcommands: { env, image, resources, selector, serviceaccount, sa: serviceaccount, subject },
};
