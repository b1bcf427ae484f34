/** A real etcd for tests, in a directory of its own, with a store on it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EtcdStore, type EtcdStoreOptions } from '../../control-plane/storage/etcd/store.ts';
import { EtcdMember, type EtcdMemberOptions } from '../../control-plane/storage/member.ts';
import { systemClock } from '../../lib/clock.ts';
import { silentLog } from '../../lib/log.ts';

export interface TestEtcd {
  readonly url: string;
  readonly dataDir: string;
  readonly member: EtcdMember;
  readonly store: EtcdStore;
  /** Another client of the same etcd; closed with it. */
  connect(options?: Partial<EtcdStoreOptions>): EtcdStore;
  close(): Promise<void>;
}

/** A port of 127.0.0.1 that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

export async function startEtcd(options: Partial<EtcdMemberOptions & EtcdStoreOptions> = {}): Promise<TestEtcd> {
  const dataDir = mkdtempSync(join(tmpdir(), 'dure-etcd-'));
  const url = `http://127.0.0.1:${await freePort()}`;
  const stores: EtcdStore[] = [];
  const connect = (more: Partial<EtcdStoreOptions> = {}): EtcdStore => {
    const store = new EtcdStore({ endpoints: [url], clock: systemClock, log: silentLog, ...options, ...more });
    stores.push(store);
    return store;
  };
  const store = connect();
  const member = new EtcdMember({
    dataDir,
    memberName: 'test',
    clientUrl: url,
    peerUrl: `http://127.0.0.1:${await freePort()}`,
    clock: systemClock,
    log: silentLog,
    probe: () => store.revision(),
    startWithin: 15_000,
    ...options,
  });
  const close = async (): Promise<void> => {
    await Promise.all(stores.map((each) => each.stop()));
    await member.stop();
    rmSync(dataDir, { recursive: true, force: true });
  };
  try {
    await member.start();
  } catch (error) {
    await close();
    throw error;
  }
  return { url, dataDir, member, store, connect, close };
}
