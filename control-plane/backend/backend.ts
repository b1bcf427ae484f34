/** The store of a server: its own etcd member, alone or among those of other servers, or the etcd that --etcd-servers names. */
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../lib/clock.ts';
import type { Component } from '../../lib/component.ts';
import { readIfPresent } from '../../lib/files.ts';
import type { ServerJoinAnswer } from '../../lib/join.ts';
import type { Log } from '../../lib/log.ts';
import { hostPort } from '../addresses.ts';
import type { ServerFlags } from '../flags.ts';
import { EtcdCluster } from '../storage/etcd-cluster.ts';
import type { EtcdTls } from '../storage/etcd/client.ts';
import { EtcdStore } from '../storage/etcd/store.ts';
import type { MemberArguments } from '../storage/member-arguments.ts';
import { EtcdMember } from '../storage/member.ts';
import { storeCertificates } from './certificates.ts';
import { checkCluster, joinExisting } from './join-servers.ts';
import { StoreMembership } from './membership.ts';

const LOOPBACK = '127.0.0.1';
const CLIENT_PORT = 2379;
const PEER_PORT = 2380;
const OWN_URL = `https://${LOOPBACK}:${CLIENT_PORT}`;
/** TLS knows no server names that are addresses: every member's certificate is made for this name as well. */
const SERVER_NAME = 'localhost';

export interface Backend {
  store: EtcdStore;
  /** The members of the store; absent when etcd is run by others. */
  etcd?: EtcdCluster;
  /** In the order in which they start. */
  components: Component[];
}

export interface BackendOptions {
  flags: ServerFlags;
  /** Of this server. */
  name: string;
  address: string;
  clock: Clock;
  log: Log;
}

/** Joins the other servers first, if this one is to and has not yet. */
export async function makeBackend(options: BackendOptions): Promise<Backend> {
  await mkdir(options.flags.dataDir, { recursive: true, mode: 0o700 });
  await checkCluster(options.flags);
  return options.flags.etcdServers.length > 0 ? outside(options) : embedded(options);
}

async function embedded(options: BackendOptions): Promise<Backend> {
  const { flags, name, address, clock, log } = options;
  const peerUrl = `https://${hostPort(address, PEER_PORT)}`;
  const etcdDirectory = join(flags.dataDir, 'etcd');
  const isNew = !(await hasData(etcdDirectory));
  const joined = isNew && flags.join.length > 0 ? await joinExisting({ ...options, peerUrl }) : undefined;
  const tls = await storeCertificates(join(flags.dataDir, 'store-pki'), [LOOPBACK, address], clock);
  const own = new EtcdCluster({ urls: () => [OWN_URL], tls });
  const membership: StoreMembership = new StoreMembership({
    file: join(flags.dataDir, 'store-members.json'),
    name,
    peerUrl,
    own,
    others: new EtcdCluster({ urls: () => membership.otherUrls, tls }),
    clock,
    log,
  });
  await membership.load();
  if (joined) await membership.learn(joined.members);
  const endpoints = { list: () => [OWN_URL, ...membership.otherUrls], serverName: SERVER_NAME };
  const store = new EtcdStore({ endpoints, tls, clock, log, trouble: () => member.trouble });
  const member: EtcdMember = new EtcdMember({
    dataDir: etcdDirectory,
    memberName: name,
    clientUrl: OWN_URL,
    ...(address === LOOPBACK ? {} : { remoteClientUrl: `https://${hostPort(address, CLIENT_PORT)}` }),
    peerUrl,
    tls: { client: tls, peer: tls },
    ...(joined ? { cluster: clusterOf(joined, name, peerUrl) } : {}),
    clock,
    log: log.child({ component: 'etcd' }),
    probe: () => membership.probe(),
  });
  return { store, etcd: own, components: [member, membership, store] };
}

/** etcd keeps its membership in its log: with one it is a member already, whatever the flags say. */
async function hasData(directory: string): Promise<boolean> {
  try {
    return (await readdir(join(directory, 'member', 'wal'))).some((name) => name.endsWith('.wal'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/** A member that has not started yet has no name so far; here only the own name matters. */
function clusterOf({ members }: ServerJoinAnswer, name: string, peerUrl: string): MemberArguments['cluster'] {
  const named = members.map((member, at) => [
    member.peerUrl === peerUrl ? name : member.name || `member-${at}`,
    member.peerUrl,
  ]);
  return { members: Object.fromEntries(named) as Record<string, string>, state: 'existing' };
}

async function outside(options: BackendOptions): Promise<Backend> {
  const { flags, clock, log } = options;
  const isNew = (await readIfPresent(join(flags.dataDir, 'pki', 'ca.crt'))) === undefined;
  if (isNew && flags.join.length > 0) await joinExisting(options);
  const store = new EtcdStore({ endpoints: flags.etcdServers, ...tlsOf(flags), clock, log });
  return { store, components: [reachable(store, flags.etcdServers), store] };
}

function tlsOf({ etcdCaFile, etcdCertFile, etcdKeyFile }: ServerFlags): { tls?: EtcdTls } {
  if (!etcdCaFile || !etcdCertFile || !etcdKeyFile) return {};
  return { tls: { ca: etcdCaFile, cert: etcdCertFile, key: etcdKeyFile } };
}

/** Says which etcd does not answer, where the store only knows that none does. */
function reachable(store: EtcdStore, servers: readonly string[]): Component {
  return {
    name: 'etcd',
    async start() {
      try {
        await store.revision();
      } catch (error) {
        throw new Error(`etcd at ${servers.join(', ')} does not answer: ${(error as Error).message}`, { cause: error });
      }
    },
    stop: () => Promise.resolve(),
  };
}
