/** kubeconfig files: which are read, how several become one, and what the current context comes down to. */
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { createRequire } from 'node:module';
import type { ClusterAccess, Impersonation } from '../lib/client/cluster.ts';
import { CommandError } from './errors.ts';
import { readPlainYaml } from './plain-yaml.ts';

export interface ClusterEntry {
  server?: string;
  'certificate-authority'?: string;
  'certificate-authority-data'?: string;
  'insecure-skip-tls-verify'?: boolean;
  'tls-server-name'?: string;
  [other: string]: unknown;
}

export interface UserEntry {
  'client-certificate'?: string;
  'client-certificate-data'?: string;
  'client-key'?: string;
  'client-key-data'?: string;
  token?: string;
  tokenFile?: string;
  as?: string;
  'as-groups'?: string[];
  'as-uid'?: string;
  [other: string]: unknown;
}

export interface ContextEntry {
  cluster?: string;
  user?: string;
  namespace?: string;
  [other: string]: unknown;
}

/** Of one file or of several merged; an entry remembers which file it is from. */
export interface Kubeconfig {
  readonly currentContext: string;
  readonly clusters: ReadonlyMap<string, ClusterEntry>;
  readonly users: ReadonlyMap<string, UserEntry>;
  readonly contexts: ReadonlyMap<string, ContextEntry>;
}

/** As it stands in a file. */
interface KubeconfigFile {
  'current-context'?: string;
  clusters?: { name: string; cluster?: ClusterEntry }[] | null;
  users?: { name: string; user?: UserEntry }[] | null;
  contexts?: { name: string; context?: ContextEntry }[] | null;
}

/** What flags say instead of the files. */
export interface Overrides {
  readonly context?: string | undefined;
  readonly cluster?: string | undefined;
  readonly user?: string | undefined;
  readonly server?: string | undefined;
  readonly token?: string | undefined;
  readonly as?: string | undefined;
  readonly asGroup?: readonly string[] | undefined;
  readonly asUid?: string | undefined;
  readonly certificateAuthority?: string | undefined;
  readonly clientCertificate?: string | undefined;
  readonly clientKey?: string | undefined;
  readonly tlsServerName?: string | undefined;
  readonly insecureSkipTlsVerify?: boolean | undefined;
}

export interface Resolved {
  readonly access: ClusterAccess;
  /** The context's; undefined when it names none. */
  readonly namespace: string | undefined;
}

/** The files in the order in which they count: the first to say something wins. */
export function kubeconfigPaths(explicit: string | undefined, env: NodeJS.ProcessEnv, home: string): string[] {
  if (explicit !== undefined) return [explicit];
  const listed = (env['KUBECONFIG'] ?? '').split(delimiter).filter((path) => path !== '');
  return listed.length > 0 ? [...new Set(listed)] : [join(home, '.kube', 'config')];
}

/** Files that don't exist are left out. Throws CommandError for one that can't be read. */
export function loadKubeconfig(paths: readonly string[]): Kubeconfig {
  const files = paths.filter((path) => existsSync(path)).map((path) => ({ path, file: readKubeconfigFile(path) }));
  const clusters = new Map<string, ClusterEntry>();
  const users = new Map<string, UserEntry>();
  const contexts = new Map<string, ContextEntry>();
  for (const { path, file } of files) {
    const base = dirname(resolve(path));
    for (const { name, cluster } of file.clusters ?? []) addFirst(clusters, name, beside(base, cluster ?? {}));
    for (const { name, user } of file.users ?? []) addFirst(users, name, beside(base, user ?? {}));
    for (const { name, context } of file.contexts ?? []) addFirst(contexts, name, context ?? {});
  }
  const currentContext = files.map(({ file }) => file['current-context']).find(Boolean) ?? '';
  return { currentContext, clusters, users, contexts };
}

/** Loaded only for files that need it: that takes as long as all else together. */
function wholeYaml(): typeof import('yaml') {
  return createRequire(import.meta.url)('yaml') as typeof import('yaml');
}

export function readKubeconfigFile(path: string): KubeconfigFile {
  let value: unknown;
  try {
    const text = readFileSync(path, 'utf8');
    value = readPlainYaml(text) ?? wholeYaml().parse(text, { logLevel: 'error' });
  } catch (error) {
    throw new CommandError(`error loading config file "${path}": ${(error as Error).message.split('\n')[0]}`);
  }
  if (value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw new CommandError(`error loading config file "${path}": it is no kubeconfig`);
  }
  return value;
}

function addFirst<T>(map: Map<string, T>, name: string, entry: T): void {
  if (!map.has(name)) map.set(name, entry);
}

const PATH_FIELDS = ['certificate-authority', 'client-certificate', 'client-key', 'tokenFile'] as const;

/** Paths in a kubeconfig are relative to it. */
function beside<T extends Record<string, unknown>>(base: string, entry: T): T {
  const paths = PATH_FIELDS.flatMap((field) => {
    const path = entry[field];
    return typeof path === 'string' && path !== '' ? [[field, resolve(base, path)]] : [];
  });
  return { ...entry, ...Object.fromEntries(paths) } as T;
}

/** Throws CommandError for a context that isn't there or names what isn't there. */
export function resolveKubeconfig(config: Kubeconfig, overrides: Overrides): Resolved {
  const contextName = overrides.context ?? config.currentContext;
  const context = config.contexts.get(contextName);
  if (contextName !== '' && !context && (overrides.context !== undefined || overrides.server === undefined)) {
    throw new CommandError(`context "${contextName}" does not exist`);
  }
  const cluster = named(config.clusters, overrides.cluster ?? context?.cluster, 'cluster');
  const user = named(config.users, overrides.user ?? context?.user, 'auth info');
  const access = accessOf(cluster, user, overrides);
  return { access, namespace: context?.namespace || undefined };
}

function named<T>(entries: ReadonlyMap<string, T>, name: string | undefined, what: string): T | undefined {
  if (name === undefined || name === '') return undefined;
  const entry = entries.get(name);
  if (!entry) throw new CommandError(`${what} "${name}" does not exist`);
  return entry;
}

function accessOf(cluster: ClusterEntry = {}, user: UserEntry = {}, overrides: Overrides): ClusterAccess {
  const server = overrides.server ?? cluster.server;
  if (!server) {
    throw new CommandError('no cluster is configured: set $KUBECONFIG, give --kubeconfig, or start one with "dure up"');
  }
  for (const field of ['exec', 'auth-provider', 'username']) {
    if (user[field] !== undefined) throw new CommandError(`the kubeconfig's user has "${field}", which dure can't use`);
  }
  const insecure = overrides.insecureSkipTlsVerify ?? cluster['insecure-skip-tls-verify'] === true;
  const authority = insecure
    ? undefined
    : pem(overrides.certificateAuthority, cluster['certificate-authority-data'], cluster['certificate-authority']);
  const serverName = overrides.tlsServerName ?? cluster['tls-server-name'];
  const certificate = pem(overrides.clientCertificate, user['client-certificate-data'], user['client-certificate']);
  const key = pem(overrides.clientKey, user['client-key-data'], user['client-key']);
  const token = overrides.token ?? user.token ?? (user.tokenFile ? readText(user.tokenFile).trim() : undefined);
  return {
    server: server.includes('://') ? server : `https://${server}`,
    ...(authority === undefined ? {} : { authority }),
    ...(serverName ? { serverName } : {}),
    ...(insecure ? { insecureSkipVerify: true } : {}),
    ...(certificate !== undefined && key !== undefined ? { client: { certificate, key } } : {}),
    ...(token ? { token } : {}),
    ...impersonationOf(user, overrides),
  };
}

function impersonationOf(user: UserEntry, overrides: Overrides): { impersonate?: Impersonation } {
  const name = overrides.as ?? user.as;
  const uid = overrides.asUid ?? user['as-uid'];
  const groups = overrides.asGroup?.length ? overrides.asGroup : user['as-groups'];
  const impersonate: Impersonation = {
    ...(name ? { user: name } : {}),
    ...(uid ? { uid } : {}),
    ...(groups?.length ? { groups } : {}),
  };
  return Object.keys(impersonate).length > 0 ? { impersonate } : {};
}

/** A flag's file before embedded data before the kubeconfig's file. */
function pem(flagged: string | undefined, data: string | undefined, file: string | undefined): string | undefined {
  if (flagged !== undefined) return readText(flagged);
  if (data) return Buffer.from(data, 'base64').toString();
  return file ? readText(file) : undefined;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new CommandError(`unable to read ${path}: ${(error as NodeJS.ErrnoException).code}`);
  }
}
