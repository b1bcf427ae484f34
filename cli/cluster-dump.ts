/** `cluster-info dump`: what is in some namespaces, with the logs of their containers. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { KubeObject } from '../api/object.ts';
import type { Namespace, Pod } from '../api/types/core.v1.ts';
import { ApiError } from '../lib/client/errors.ts';
import type { RestClient } from '../lib/client/rest.ts';
import { defineCommand } from './command.ts';
import { list, text, textOr, toggle } from './flags.ts';
import { templateFlags } from './print/flags.ts';
import { printerFor, type Printer } from './print/printer.ts';
import type { Session } from './session.ts';

/** What is listed in each namespace, and the file's name. */
const LISTS = [
  ['events', '/api/v1', 'events', 'EventList'],
  ['replication-controllers', '/api/v1', 'replicationcontrollers', 'ReplicationControllerList'],
  ['services', '/api/v1', 'services', 'ServiceList'],
  ['daemonsets', '/apis/apps/v1', 'daemonsets', 'DaemonSetList'],
  ['deployments', '/apis/apps/v1', 'deployments', 'DeploymentList'],
  ['replicasets', '/apis/apps/v1', 'replicasets', 'ReplicaSetList'],
  ['pods', '/api/v1', 'pods', 'PodList'],
] as const;
const ENDINGS: Readonly<Record<string, string>> = { json: '.json', yaml: '.yaml' };
/** The files may hold secrets that somebody has logged. */
const [FOLDER_MODE, FILE_MODE] = [0o700, 0o600];

export const dump = defineCommand({
  summary: 'Dump relevant information for debugging and diagnosis',
  usage: '[--output-directory=DIR] [--namespaces=a,b | --all-namespaces]',
  examples: ['dure cluster-info dump --output-directory=state', 'dure cluster-info dump --namespaces=default'],
  flags: {
    ...templateFlags,
    allNamespaces: toggle('If true, dump all namespaces. If true, --namespaces is ignored.', { short: 'A' }),
    namespaces: list('A comma separated list of namespaces to dump.'),
    output: textOr('json', 'Output format: json, yaml, …', { short: 'o' }),
    outputDirectory: text('Where to output the files. If empty or "-" uses stdout'),
    showManagedFields: toggle('If true, keep the managedFields when printing objects in JSON or YAML format'),
  },
  async run({ flags, session }) {
    const client = await session.client();
    const out = new DumpOutput({
      directory: flags.outputDirectory,
      ending: ENDINGS[flags.output] ?? '.txt',
      printer: await printerFor(flags.output, flags),
      session,
    });
    out.put('nodes', await listed(client, '/api/v1/nodes', 'NodeList'));
    for (const namespace of await namespacesOf(flags, client, session)) {
      for (const [file, prefix, plural, kind] of LISTS) {
        const found = await listed(client, `${prefix}/namespaces/${namespace}/${plural}`, kind);
        out.put(join(namespace, file), found);
        if (plural === 'pods') for (const pod of found.items as Pod[]) await dumpLogs(pod, namespace, client, out);
      }
    }
    if (out.directory !== undefined) session.print(`Cluster info dumped to ${out.directory}`);
  },
});

async function namespacesOf(
  flags: { readonly allNamespaces: boolean; readonly namespaces: readonly string[] },
  client: RestClient,
  session: Session,
): Promise<readonly string[]> {
  if (flags.allNamespaces) {
    const { items } = await client.list<Namespace>('/api/v1/namespaces');
    return items.map(({ metadata }) => metadata.name ?? '');
  }
  return flags.namespaces.length > 0 ? flags.namespaces : ['kube-system', await session.namespace()];
}

async function listed(
  client: RestClient,
  path: string,
  kind: string,
): Promise<{ readonly items: readonly KubeObject[] }> {
  const { items, metadata } = await client.list<KubeObject>(path);
  const apiVersion = path.startsWith('/apis/') ? path.split('/').slice(2, 4).join('/') : 'v1';
  return { apiVersion, items, kind, metadata } as { readonly items: readonly KubeObject[] };
}

async function dumpLogs(
  { metadata, spec }: Pod,
  namespace: string,
  client: RestClient,
  out: DumpOutput,
): Promise<void> {
  const pieces: Uint8Array[] = [];
  for (const { name } of [...(spec.initContainers ?? []), ...spec.containers]) {
    const subject = `logs for container ${name} of pod ${namespace}/${metadata.name}`;
    pieces.push(Buffer.from(`==== START ${subject} ====\n`));
    try {
      const path = `/api/v1/namespaces/${namespace}/pods/${metadata.name}/log`;
      for await (const chunk of client.stream(path, { query: { container: name } })) pieces.push(chunk);
    } catch (error) {
      // A container that has not begun has no log: the others' are wanted all the same.
      if (!(error instanceof ApiError)) throw error;
      pieces.push(Buffer.from(`Request log error: ${error.message}\n`));
    }
    pieces.push(Buffer.from(`==== END ${subject} ====\n`));
  }
  out.write(join(namespace, metadata.name ?? '', 'logs'), '.txt', Buffer.concat(pieces));
}

interface DumpOutputOptions {
  /** Of the files; standard output when there is none. */
  readonly directory: string | undefined;
  readonly ending: string;
  readonly printer: Printer;
  readonly session: Session;
}

class DumpOutput {
  readonly directory: string | undefined;
  private readonly options: DumpOutputOptions;

  constructor(options: DumpOutputOptions) {
    this.options = options;
    this.directory = options.directory === '' || options.directory === '-' ? undefined : options.directory;
  }

  put(file: string, object: object): void {
    this.write(file, this.options.ending, Buffer.from(this.options.printer.print(object)));
  }

  write(file: string, ending: string, content: Uint8Array): void {
    if (this.directory === undefined) return this.options.session.write(content);
    const path = `${join(this.directory, file)}${ending}`;
    mkdirSync(dirname(path), { recursive: true, mode: FOLDER_MODE });
    writeFileSync(path, content, { mode: FILE_MODE });
  }
}
