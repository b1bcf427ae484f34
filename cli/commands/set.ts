import type { Container, EnvVar } from '../../api/types/core.v1.ts';
import { defineCommand, type CommandModule } from '../command.ts';
import { CommandError } from '../errors.ts';
import { array, text, textOr, toggle } from '../flags.ts';
import type { Selected } from '../selection.ts';
import { changeEach, podSpecOf, setFlags, type WithTemplate } from '../set/change.ts';
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

const env = defineCommand({
  summary: 'Update environment variables on a pod template',
  usage: 'RESOURCE/NAME KEY_1=VAL_1 ... KEY_N-',
  examples: [
    'dure set env deployment/web LEVEL=debug',
    'dure set env deployment/web LEVEL-',
    'dure set env deployment/web --list',
  ],
  flags: {
    ...setFlags,
    containers: textOr('*', 'The names of containers in the selected pod templates to change', { short: 'c' }),
    env: array('Specify a key-value pair for an environment variable to set into each container', { short: 'e' }),
    list: toggle('If true, display the environment and any changes in the standard format'),
    from: text('Not supported: name variables one by one'),
  },
  async run({ args, flags, session }) {
    if (flags.from !== undefined) throw new CommandError('--from is not supported');
    const isChange = (arg: string): boolean => arg.includes('=') || /^[A-Za-z_][\w.-]*-$/.test(arg);
    const changes = [...flags.env, ...args.filter(isChange)].map(parseChange);
    const words = args.filter((arg) => !isChange(arg));
    await changeEach<WithTemplate>(words, { flags, session, done: 'env updated' }, (selected) => {
      const { spec, wrap } = podSpecOf(selected);
      const chosen = spec.containers.filter(({ name }) => flags.containers === '*' || flags.containers === name);
      if (flags.list) {
        listEnv(selected, chosen, (line) => session.print(line));
        return undefined;
      }
      if (changes.length === 0) throw new CommandError('at least one environment variable must be provided');
      return wrap({ containers: chosen.map(({ name }) => ({ name, env: changes })) });
    });
  },
});

/** As it stands in a strategic merge patch. */
function parseChange(word: string): object {
  const equals = word.indexOf('=');
  if (equals > 0) return { name: word.slice(0, equals), value: word.slice(equals + 1), valueFrom: null };
  return { $patch: 'delete', name: word.slice(0, -1) };
}

function listEnv({ resource, name }: Selected, containers: readonly Container[], print: (line: string) => void): void {
  for (const container of containers) {
    print(`# ${resource.kind} ${name}, container ${container.name}`);
    for (const variable of container.env ?? []) print(envLine(variable));
  }
}

function envLine({ name, value, valueFrom }: EnvVar): string {
  if (!valueFrom) return `${name}=${value ?? ''}`;
  const { fieldRef, configMapKeyRef, secretKeyRef, resourceFieldRef } = valueFrom;
  if (fieldRef) return `# ${name} from field path ${fieldRef.fieldPath}`;
  if (configMapKeyRef) return `# ${name} from configmap ${configMapKeyRef.name}, key ${configMapKeyRef.key}`;
  if (secretKeyRef) return `# ${name} from secret ${secretKeyRef.name}, key ${secretKeyRef.key}`;
  return `# ${name} from resource field ${resourceFieldRef?.resource ?? ''}`;
}

export const command: CommandModule = {
  summary: 'Set specific features on objects',
  usage: '(env|image|resources|selector|serviceaccount|subject) …',
  subcommands: { env, image, resources, selector, serviceaccount, sa: serviceaccount, subject },
};
