/**
 * The lists of `mixed`, in a thread of its own: their bytes are garbage to collect, for which the answers to the other
 * requests would have to wait in the client. Sends what became of each.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { ApiLoad } from './api-load.ts';
import { runOpenLoop, type OpenLoop } from './open-loop.ts';
import type { ClusterAccess } from '../../lib/client/cluster.ts';

export interface ListsOrder extends Pick<OpenLoop, 'perSecond' | 'seconds'> {
  readonly server: { readonly pid: number; readonly etcdPid: number; readonly access: ClusterAccess };
  readonly path: string;
}

const { server, path, ...rate } = workerData as ListsOrder;
const load = new ApiLoad(server);
parentPort?.postMessage(await runOpenLoop({ ...rate, load, request: () => ({ sort: 'list', call: { path } }) }));
load.close();
