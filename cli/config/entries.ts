/** `config` verbs about the entries of kubeconfig files. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { defineCommand, type CommandModule } from '../command.ts';
import { CommandError } from '../errors.ts';
import { toggle } from '../flags.ts';
import { edit, entriesOf, fileWithCurrent, fileWithEntry, removeEntry, setEntry, type Section } from './file.ts';

function nameOf(args: readonly string[]): string {
  const [name] = args;
  if (args.length !== 1 || !name) throw new CommandError('exactly one NAME is required');
  return name;
}

/** A file by its path, or what is in it; the other of the two goes. */
function pemChanges(field: string, path: string | undefined, embed: boolean): [string, unknown][] {
  if (path === undefined) return [];
  if (!embed)
    return [
      [field, resolve(path)],
      [`${field}-data`, undefined],
    ];
  try {
    return [
      [`${field}-data`, readFileSync(path).toString('base64')],
      [field, undefined],
    ];
  } catch (error) {
    throw new CommandError(`could not read ${field} data from ${path}: ${(error as NodeJS.ErrnoException).code}`);
  }
}

export const setCluster = defineCommand({
  summary: 'Set a cluster entry in kubeconfig',
  usage: 'NAME [--server=server] [--certificate-authority=path] [--insecure-skip-tls-verify=true]',
  flags: { embedCerts: toggle('Put the content of the authority into the file, not its path') },
  run({ args, flags, given, session }) {
    const name = nameOf(args);
    const { server, certificateAuthority, tlsServerName, insecureSkipTlsVerify } = session.globals;
    const insecure: [string, unknown][] = given.has('insecureSkipTlsVerify')
      ? [['insecure-skip-tls-verify', insecureSkipTlsVerify || undefined]]
      : [];
    const changes: [string, unknown][] = [
      ...(server === undefined ? [] : [['server', server.replace(/\/+$/, '')] as [string, unknown]]),
      ...(tlsServerName === undefined ? [] : [['tls-server-name', tlsServerName] as [string, unknown]]),
      ...insecure,
      ...pemChanges('certificate-authority', certificateAuthority, flags.embedCerts),
    ];
    setEntry('clusters', name, changes, session);
    session.print(`Cluster "${name}" set.`);
    return Promise.resolve();
  },
});

export const setCredentials = defineCommand({
  summary: 'Set a user entry in kubeconfig',
  usage: 'NAME [--client-certificate=path] [--client-key=path] [--token=bearer_token]',
  flags: { embedCerts: toggle('Put the content of certificate and key into the file, not their paths') },
  run({ args, flags, session }) {
    const name = nameOf(args);
    const { clientCertificate, clientKey, token } = session.globals;
    const changes: [string, unknown][] = [
      ...pemChanges('client-certificate', clientCertificate, flags.embedCerts),
      ...pemChanges('client-key', clientKey, flags.embedCerts),
      ...(token === undefined ? [] : [['token', token] as [string, unknown]]),
    ];
    setEntry('users', name, changes, session);
    session.print(`User "${name}" set.`);
    return Promise.resolve();
  },
});

function listing(section: 'clusters' | 'users', summary: string): CommandModule {
  return defineCommand({
    summary,
    usage: '',
    run({ session }) {
      session.print('NAME');
      for (const name of [...session.kubeconfig()[section].keys()].toSorted()) session.print(name);
      return Promise.resolve();
    },
  });
}

export const getClusters = listing('clusters', 'Display clusters defined in the kubeconfig');
export const getUsers = listing('users', 'Display users defined in the kubeconfig');

function deleting(section: Section, what: string, summary: string): CommandModule {
  return defineCommand({
    summary,
    usage: 'NAME',
    run({ args, session }) {
      const name = nameOf(args);
      const isCurrent = section === 'contexts' && session.kubeconfig().currentContext === name;
      const path = removeEntry(section, name, session);
      if (path === undefined)
        throw new CommandError(`cannot delete ${what} ${name}, not in ${session.kubeconfigPaths.join(', ')}`);
      if (isCurrent)
        session.warn(
          'warning: this removed your active context, use "dure config use-context" to select a different one',
        );
      session.print(`deleted ${what} ${name} from ${path}`);
      return Promise.resolve();
    },
  });
}

export const deleteContext = deleting('contexts', 'context', 'Delete the specified context from the kubeconfig');
export const deleteCluster = deleting('clusters', 'cluster', 'Delete the specified cluster from the kubeconfig');
export const deleteUser = deleting('users', 'user', 'Delete the specified user from the kubeconfig');

export const renameContext = defineCommand({
  summary: 'Rename a context from the kubeconfig file',
  usage: 'CONTEXT_NAME NEW_NAME',
  run({ args, session }) {
    const [name = '', next = ''] = args;
    if (args.length !== 2 || !name || !next) throw new CommandError('CONTEXT_NAME and NEW_NAME are required');
    const path = fileWithEntry('contexts', name, session);
    const config = session.kubeconfig();
    if (path === undefined)
      throw new CommandError(`cannot rename the context "${name}", it's not in ${session.kubeconfigPaths.join(', ')}`);
    if (config.contexts.has(next))
      throw new CommandError(
        `cannot rename the context "${name}", the context "${next}" already exists in ${session.kubeconfigPaths.join(', ')}`,
      );
    edit(path, (document) => {
      const at = entriesOf('contexts', document).findIndex((entry) => entry.name === name);
      document.setIn(['contexts', at, 'name'], next);
    });
    if (config.currentContext === name)
      edit(fileWithCurrent(session), (document) => document.set('current-context', next));
    session.print(`Context "${name}" renamed to "${next}".`);
    return Promise.resolve();
  },
});

const SECTIONS: readonly Section[] = ['clusters', 'users', 'contexts'];

/** `current-context`, `users.NAME`, `contexts.NAME.namespace`; names may have dots in them. */
export const unset = defineCommand({
  summary: 'Unset an individual value in a kubeconfig file',
  usage: 'PROPERTY_NAME',
  examples: ['dure config unset current-context', 'dure config unset contexts.dev.namespace'],
  run({ args, session }) {
    const property = nameOf(args);
    if (property === 'current-context') {
      edit(fileWithCurrent(session), (document) => void document.delete('current-context'));
    } else {
      const section = SECTIONS.find((name) => property.startsWith(`${name}.`));
      const rest = section && property.slice(section.length + 1);
      const names = section ? [...session.kubeconfig()[section].keys()] : [];
      const name = names
        .filter((each) => rest === each || rest?.startsWith(`${each}.`))
        .toSorted()
        .at(-1);
      if (section === undefined || rest === undefined || name === undefined)
        throw new CommandError(`current map key \`${rest ?? property}\` is invalid`);
      if (rest === name) removeEntry(section, name, session);
      else setEntry(section, name, [[rest.slice(name.length + 1), undefined]], session);
    }
    session.print(`Property "${property}" unset.`);
    return Promise.resolve();
  },
});
