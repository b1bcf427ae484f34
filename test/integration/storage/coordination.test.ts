import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { coordinationContract } from '../../contract/coordination.ts';
import { startEtcd } from '../../support/etcd.ts';

const run = promisify(execFile);

coordinationContract('etcd', async () => {
  const etcd = await startEtcd();
  const etcdctl = async (...args: string[]): Promise<string> => {
    const env = { ...process.env, ETCDCTL_API: '3' };
    return (await run('etcdctl', [`--endpoints=${etcd.url}`, ...args], { env })).stdout;
  };
  return {
    store: etcd.store,
    leases: etcd.store.leases,
    endLeases: async () => {
      const ids = (await etcdctl('lease', 'list')).match(/^[0-9a-f]{8,}$/gm) ?? [];
      for (const id of ids) await etcdctl('lease', 'revoke', id);
    },
    close: () => etcd.close(),
  };
});
