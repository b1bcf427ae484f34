/** Files in PEM. */
export interface MemberTls {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export interface MemberArguments {
  /** Absolute. Everything the member keeps is in here. */
  readonly dataDir: string;
  /** The member's name in its cluster. */
  readonly memberName: string;
  /** Where clients reach it, such as `https://127.0.0.1:2379`. */
  readonly clientUrl: string;
  /** Where clients on other hosts reach it as well; they don't when absent. */
  readonly remoteClientUrl?: string;
  /** Where the other members reach it, such as `https://10.0.0.1:2380`. */
  readonly peerUrl: string;
  /** Clients and peers must show a certificate of this CA, and are shown this one. Plain text when absent. */
  readonly tls?: { readonly client: MemberTls; readonly peer: MemberTls };
  /** The members of a cluster of several: each name's peer URL. One member alone when absent. */
  readonly cluster?: { readonly members: Readonly<Record<string, string>>; readonly state: 'new' | 'existing' };
  /** Bytes of the database at which etcd takes no more writes; 4 GiB when absent. */
  readonly quotaBytes?: number;
}

const DEFAULT_QUOTA = 4 * 1024 ** 3;

/** The command line of an etcd member. Compaction is left to the server, which knows what its watches need. */
export function memberArguments(options: MemberArguments): string[] {
  const { dataDir, memberName, clientUrl, remoteClientUrl, peerUrl, tls, cluster } = options;
  const { quotaBytes = DEFAULT_QUOTA } = options;
  const members = Object.entries(cluster?.members ?? { [memberName]: peerUrl });
  return [
    `--name=${memberName}`,
    `--data-dir=${dataDir}`,
    `--listen-client-urls=${[clientUrl, ...(remoteClientUrl ? [remoteClientUrl] : [])].join(',')}`,
    `--advertise-client-urls=${remoteClientUrl ?? clientUrl}`,
    `--listen-peer-urls=${peerUrl}`,
    `--initial-advertise-peer-urls=${peerUrl}`,
    `--initial-cluster=${members.map(([name, url]) => `${name}=${url}`).join(',')}`,
    `--initial-cluster-state=${cluster?.state ?? 'new'}`,
    `--quota-backend-bytes=${quotaBytes}`,
    // A member that comes back must not make the others elect anew.
    '--pre-vote=true',
    '--logger=zap',
    '--log-outputs=stderr',
    ...(tls ? [...tlsArguments('', tls.client), ...tlsArguments('peer-', tls.peer)] : []),
  ];
}

function tlsArguments(prefix: '' | 'peer-', { ca, cert, key }: MemberTls): string[] {
  return [
    `--${prefix}client-cert-auth=true`,
    `--${prefix}trusted-ca-file=${ca}`,
    `--${prefix}cert-file=${cert}`,
    `--${prefix}key-file=${key}`,
  ];
}
