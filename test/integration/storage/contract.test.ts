import { storeContract } from '../../contract/store.ts';
import { startEtcd } from '../../support/etcd.ts';

storeContract('etcd', async () => {
  const etcd = await startEtcd();
  return { store: etcd.store, close: () => etcd.close(), passSeconds: () => {} };
});
