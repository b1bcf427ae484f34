/** The store of a server: its own etcd member, or the etcd that --etcd-servers names. */
import { join } from 'node:path';
import type { Clock } from '../lib/clock.ts';
import type { Component } from '../lib/component.ts';
import type { Log } from '../lib/log.ts';
import type { ServerFlags } from './flags.ts';
import type { EtcdTls } from './storage/etcd/client.ts';
import { EtcdStore } from './storage/etcd/store.ts';
import { EtcdMember } from './storage/member.ts';
import { storeCertificates } from './store-certificates.ts';

const LISTEN_URL = 'https://127.0.0.1:2379';
/** By its name: TLS knows no server names that are addresses. */
const CLIENT_URL = 'https://localhost:2379';
const PEER_URL = 'https://127.0.0.1:2380';

export interface Backend {
  store: EtcdStore;
  /** In the order in which they start. */
  components: Component[];
}

export async function makeBackend(flags: ServerFlags, name: string, clock: Clock, log: Log): Promise<Backend> {
  return flags.etcdServers.length > 0 ? outside(flags, clock, log) : embedded(flags, name, clock, log);
}

async function embedded(flags: ServerFlags, name: string, clock: Clock, log: Log): Promise<Backend> {
  const tls = await storeCertificates(join(flags.dataDir, 'store-pki'), ['127.0.0.1'], clock);
  const store = new EtcdStore({ endpoints: [CLIENT_URL], tls, clock, log });
  const member = new EtcdMember({
    dataDir: join(flags.dataDir, 'etcd'),
    memberName: name,
    clientUrl: LISTEN_URL,
    peerUrl: PEER_URL,
    tls: { client: tls, peer: tls },
    clock,
    log: log.child({ component: 'etcd' }),
    probe: () => store.revision(),
  });
  return { store, components: [member, store] };
}

function outside(flags: ServerFlags, clock: Clock, log: Log): Backend {
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
