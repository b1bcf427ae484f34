import type { ConfigMap, Container, EnvVar, PodSpec, Secret } from '../../api/types/core.v1.ts';
import type { KubeObject } from '../../api/object.ts';
import { defineCommand } from '../command.ts';
import { CommandError } from '../errors.ts';
import { array, list, text, textOr, toggle } from '../flags.ts';
import { parseOne, pathOf } from '../targets.ts';
import type { Selected } from '../selection.ts';
import type { Session } from '../session.ts';
import { changeEach, podSpecOf, setFlags, type WithTemplate } from './change.ts';
import { EnvValues, referenceText } from './env-values.ts';

interface Changes {
  readonly set: readonly EnvVar[];
  readonly removed: readonly string[];
}

export const env = defineCommand({
  summary: 'Update environment variables on a pod template',
  usage: 'RESOURCE/NAME KEY_1=VAL_1 ... KEY_N-',
  examples: [
    'dure set env deployment/web LEVEL=debug',
    'dure set env deployment/web LEVEL-',
    'dure set env deployment/web --list --resolve',
    'dure set env deployment/web --from=secret/login --prefix=LOGIN_',
  ],
  flags: {
    ...setFlags,
    containers: textOr('*', 'The names of containers in the selected pod templates to change', { short: 'c' }),
    env: array('Specify a key-value pair for an environment variable to set into each container', { short: 'e' }),
    from: text('The name of a config map or secret, such as secret/login, whose keys become variables'),
    keys: list('Keys to take of what --from names, all when there are none'),
    list: toggle('If true, display the environment and any changes in the standard format'),
    overwrite: toggle('If true, allow variables to be overwritten', { fallback: true }),
    prefix: textOr('', 'Prefix of the names of the variables that are set'),
    resolve: toggle('If true, show what references to config maps and secrets refer to'),
  },
  async run({ args, flags, session }) {
    if (flags.list && flags.output !== undefined) {
      throw new CommandError('--list and --output may not be specified together');
    }
    if (flags.keys.length > 0 && flags.from === undefined) {
      throw new CommandError('when specifying --keys, a configmap or secret must be provided with --from');
    }
    const isChange = (arg: string): boolean => arg.includes('=') || /^[A-Za-z_][\w.-]*-$/.test(arg);
    const own = changesIn([...flags.env, ...args.filter(isChange)]);
    const taken = flags.from === undefined ? [] : await variablesFrom(flags.from, flags.keys, session);
    const named = [...own.set, ...taken].map(({ name, ...value }) => ({ name: `${flags.prefix}${name}`, ...value }));
    const changes: Changes = { set: named, removed: own.removed };
    const words = args.filter((arg) => !isChange(arg));
    const listed: (() => Promise<void>)[] = [];
    await changeEach<WithTemplate>(words, { flags, session, done: 'env updated' }, (selected) => {
      const { spec, wrap } = podSpecOf(selected);
      const chosen = chosenContainers(spec, flags.containers);
      const { resource, name } = selected;
      if (chosen.length === 0) {
        session.warn(`Warning: ${resource.kind}/${name} does not have any containers matching "${flags.containers}"`);
        return undefined;
      }
      const subject = `${resource.name}/${name}`;
      if (!flags.overwrite) for (const { env: before = [] } of chosen) refuseOverwriting(subject, before, changes.set);
      if (flags.list) {
        listed.push(() => listEnv(selected, chosen, { changes, isResolved: flags.resolve }, session));
        return undefined;
      }
      if (changes.set.length + changes.removed.length === 0) {
        throw new CommandError('at least one environment variable must be provided');
      }
      const isChanged = ({ env: before = [] }: Container): boolean => {
        const after = changedEnv(before, changes);
        return JSON.stringify(after) !== JSON.stringify(before);
      };
      const patchOf = (containers: readonly Container[] = []): object[] =>
        containers.filter((each) => chosen.includes(each) && isChanged(each)).map((each) => patchedEnv(each, changes));
      const [containers, initContainers] = [patchOf(spec.containers), patchOf(spec.initContainers)];
      if (containers.length + initContainers.length === 0) return undefined;
      return wrap({
        ...(containers.length > 0 ? { containers } : {}),
        ...(initContainers.length > 0 ? { initContainers } : {}),
      });
    });
    for (const show of listed) await show();
  },
});

function chosenContainers(spec: PodSpec, wanted: string): Container[] {
  const all = [...spec.containers, ...(spec.initContainers ?? [])];
  return all.filter(({ name }) => wanted === '*' || wanted === name);
}

/** `A=b` sets, `A-` takes away. */
function changesIn(words: readonly string[]): Changes {
  const isSetting = (word: string): boolean => word.indexOf('=') > 0;
  return {
    set: words.filter(isSetting).map((word) => {
      const equals = word.indexOf('=');
      return { name: word.slice(0, equals), value: word.slice(equals + 1) };
    }),
    removed: words.filter((word) => !isSetting(word)).map((word) => word.slice(0, -1)),
  };
}

/** A reference for each key, in the order of the keys. */
async function variablesFrom(from: string, keys: readonly string[], session: Session): Promise<EnvVar[]> {
  const target = await parseOne([from], session);
  const { kind } = target.resource;
  if (kind !== 'ConfigMap' && kind !== 'Secret') throw new CommandError('unsupported resource specified in --from');
  const { data = {} } = await (await session.client()).get<(ConfigMap | Secret) & KubeObject>(pathOf(target));
  const wanted = Object.keys(data)
    .filter((key) => keys.length === 0 || keys.includes(key))
    .toSorted();
  return wanted.map((key) => ({
    name: variableName(key, session),
    valueFrom: { [kind === 'Secret' ? 'secretKeyRef' : 'configMapKeyRef']: { key, name: target.name } },
  }));
}

function variableName(key: string, session: Session): string {
  const name = key.replaceAll(/[^a-zA-Z0-9_]/g, '_').toUpperCase();
  if (name !== key) session.warn(`Warning: key ${key} transferred to ${name}`);
  return name;
}

function refuseOverwriting(subject: string, before: readonly EnvVar[], set: readonly EnvVar[]): void {
  const names = new Set(set.map(({ name }) => name));
  const taken = before.find(({ name }) => names.has(name));
  if (taken) {
    throw new CommandError(
      `${subject} '${taken.name}' already has a value (${taken.value ?? ''}), and --overwrite is false`,
    );
  }
}

/** As it stands in a strategic merge patch: its order is that of the variables. */
function patchedEnv({ name, env: before = [] }: Container, changes: Changes): object {
  const after = changedEnv(before, changes);
  const kept = new Set(after.map((variable) => variable.name));
  const known = new Map(before.map((variable) => [variable.name, variable]));
  const gone = before.filter((variable) => !kept.has(variable.name));
  return {
    name,
    '$setElementOrder/env': after.map((variable) => ({ name: variable.name })),
    env: [
      ...after
        .filter((variable) => variable !== known.get(variable.name))
        .map((variable) => ('value' in variable ? { ...variable, valueFrom: null } : { ...variable, value: null })),
      ...gone.map((variable) => ({ $patch: 'delete', name: variable.name })),
    ],
  };
}

function changedEnv(before: readonly EnvVar[], { set, removed }: Changes): EnvVar[] {
  const changes = new Map(set.map((variable) => [variable.name, variable]));
  const gone = new Set(removed);
  const kept = before.filter(({ name }) => !gone.has(name)).map((variable) => changes.get(variable.name) ?? variable);
  const known = new Set(before.map(({ name }) => name));
  return [...kept, ...[...changes.values()].filter(({ name }) => !known.has(name) && !gone.has(name))];
}

async function listEnv(
  { resource, name, object }: Selected<WithTemplate>,
  containers: readonly Container[],
  { changes, isResolved }: { readonly changes: Changes; readonly isResolved: boolean },
  session: Session,
): Promise<void> {
  const values = new EnvValues({ object, client: await session.client() });
  const failures = new Map<string, string[]>();
  for (const container of containers) {
    session.print(`# ${resource.kind} ${name}, container ${container.name}`);
    for (const variable of changedEnv(container.env ?? [], changes)) {
      const { valueFrom } = variable;
      if (!valueFrom) session.print(`${variable.name}=${variable.value ?? ''}`);
      else {
        const found = isResolved ? await values.of(valueFrom, container) : { why: '' };
        if ('value' in found) session.print(`${variable.name}=${found.value}`);
        else session.print(`# ${variable.name} from ${referenceText(valueFrom)}`);
        if ('why' in found && isResolved) failures.set(found.why, [...(failures.get(found.why) ?? []), variable.name]);
      }
    }
  }
  for (const [why, names] of [...failures].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    session.warn(`error retrieving reference for ${names.toSorted().join(', ')}: ${why}`);
  }
}
