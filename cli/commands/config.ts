import { defineCommand, type CommandModule } from '../command.ts';
import { CommandError } from '../errors.ts';
import { text, textOr, toggle } from '../flags.ts';
import { aligned } from '../print/align.ts';
import { formatOf, templateFlags } from '../print/flags.ts';
import { printerFor } from '../print/printer.ts';
import {
  deleteCluster,
  deleteContext,
  deleteUser,
  getClusters,
  getUsers,
  renameContext,
  setCluster,
  setCredentials,
  unset,
} from '../config/entries.ts';
import { edit, fileWithCurrent, setEntry } from '../config/file.ts';
import { set } from '../config/set.ts';
import type { Kubeconfig } from '../kubeconfig.ts';
import type { Session } from '../session.ts';

const view = defineCommand({
  summary: 'Display merged kubeconfig settings or a specified kubeconfig file',
  usage: '[flags]',
  flags: {
    output: textOr('', 'Output format: json, yaml, jsonpath=…; yaml unless there is a template', { short: 'o' }),
    ...templateFlags,
    raw: toggle('Display raw byte data and sensitive data'),
    minify: toggle('Remove all information not used by current-context from the output'),
    flatten: toggle('Kept for scripts: only with --raw is data shown'),
  },
  async run({ flags, session }) {
    const config = session.kubeconfig();
    const current = session.globals.context ?? config.currentContext;
    const used = config.contexts.get(current);
    if (flags.minify && !used) throw new CommandError(`cannot locate context ${current}`);
    const shown = <T>(entries: ReadonlyMap<string, T>, name: string | undefined): [string, T][] =>
      [...entries].filter(([key]) => !flags.minify || key === name).toSorted(([a], [b]) => (a < b ? -1 : 1));
    const hide = flags.raw ? <T>(entry: T): T => entry : redacted;
    const object = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: shown(config.clusters, used?.cluster).map(([name, cluster]) => ({
        name,
        cluster: hide({ server: '', ...cluster }),
      })),
      contexts: shown(config.contexts, current).map(([name, context]) => ({
        name,
        context: { cluster: '', user: '', ...context },
      })),
      'current-context': current,
      users: shown(config.users, used?.user).map(([name, user]) => ({ name, user: hide(user) })),
    };
    session.write((await printerFor(formatOf(flags) ?? 'yaml', flags)).print(object));
  },
});

function redacted(entry: object): object {
  return Object.fromEntries(
    Object.entries(entry).map(([key, value]) => {
      if (key.endsWith('-data')) return [key, 'DATA+OMITTED'];
      return [key, key === 'token' || key === 'password' ? 'REDACTED' : (value as unknown)];
    }),
  );
}

const currentContext = defineCommand({
  summary: 'Display the current-context',
  usage: '',
  run({ session }) {
    const { currentContext: name } = session.kubeconfig();
    if (name === '') return Promise.reject(new CommandError('current-context is not set'));
    session.print(name);
    return Promise.resolve();
  },
});

const getContexts = defineCommand({
  summary: 'Describe one or many contexts',
  usage: '[NAME ...]',
  flags: { noHeaders: toggle("Don't print headers"), output: text('Output format. One of: (name)', { short: 'o' }) },
  run({ args, flags, session }) {
    const config = session.kubeconfig();
    const missing = args.find((name) => !config.contexts.has(name));
    const chosen = [...config.contexts]
      .filter(([name]) => args.length === 0 || args.includes(name))
      .toSorted(([a], [b]) => (a < b ? -1 : 1));
    if (flags.output === 'name') for (const [name] of chosen) session.print(name);
    else printContexts(chosen, config, flags.noHeaders, session);
    return missing === undefined ? Promise.resolve() : Promise.reject(new CommandError(`context ${missing} not found`));
  },
});

type Contexts = [string, Kubeconfig['contexts'] extends ReadonlyMap<string, infer T> ? T : never][];

function printContexts(chosen: Contexts, config: Kubeconfig, noHeaders: boolean, session: Session): void {
  const rows = chosen.map(([name, { cluster = '', user = '', namespace = '' }]) => [
    name === config.currentContext ? '*' : '',
    name,
    cluster,
    user,
    namespace,
  ]);
  const heads = noHeaders ? [] : [['CURRENT', 'NAME', 'CLUSTER', 'AUTHINFO', 'NAMESPACE']];
  for (const line of aligned([...heads, ...rows])) session.print(line);
}

const useContext = defineCommand({
  summary: 'Set the current-context in a kubeconfig file',
  usage: 'CONTEXT_NAME',
  run({ args, session }) {
    const [name] = args;
    if (args.length !== 1 || name === undefined)
      throw new CommandError('Unexpected args: exactly one CONTEXT_NAME is required');
    if (!session.kubeconfig().contexts.has(name)) throw new CommandError(`no context exists with the name: "${name}"`);
    edit(fileWithCurrent(session), (document) => document.set('current-context', name));
    session.print(`Switched to context "${name}".`);
    return Promise.resolve();
  },
});

const setContext = defineCommand({
  summary: 'Set a context entry in kubeconfig',
  usage: '[NAME | --current] [--namespace=namespace]',
  flags: { current: toggle('Modify the current context') },
  run({ args, flags, session }) {
    const config = session.kubeconfig();
    const name = flags.current ? config.currentContext : args[0];
    const { namespace, cluster, user } = session.globals;
    if (!name) throw new CommandError('you must specify a non-empty context name or --current');
    const isThere = config.contexts.has(name);
    const changes = Object.entries({ namespace, cluster, user }).filter(([, value]) => value !== undefined);
    setEntry('contexts', name, changes, session);
    session.print(`Context "${name}" ${isThere ? 'modified' : 'created'}.`);
    return Promise.resolve();
  },
});

export const command: CommandModule = {
  summary: 'Modify kubeconfig files',
  usage: 'SUBCOMMAND',
  subcommands: {
    view,
    'get-contexts': getContexts,
    'use-context': useContext,
    'set-context': setContext,
    'set-cluster': setCluster,
    'set-credentials': setCredentials,
    'get-clusters': getClusters,
    'get-users': getUsers,
    'delete-context': deleteContext,
    'delete-cluster': deleteCluster,
    'delete-user': deleteUser,
    'rename-context': renameContext,
    set,
    unset,
    'current-context': currentContext,
  },
};
