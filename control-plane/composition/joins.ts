/** How nodes and further servers come in, with tokens of their own. */
import { ServerJoins } from '../backend/server-joins.ts';
import { JoinTokens } from '../server/join-tokens.ts';
import type { JoinOptions } from '../server/web.ts';
import type { Basics, Parts } from './parts.ts';

type Needed = Basics & Pick<Parts, 'pki' | 'store' | 'etcd' | 'keys'>;

export async function makeJoins({ flags, clock, pki, store, etcd, keys }: Needed): Promise<JoinOptions> {
  const shared = { store, clock, directory: flags.dataDir, authorityHash: () => pki.authorityHash };
  const tokens = new JoinTokens({ ...shared, kind: 'node' });
  const serverTokens = new JoinTokens({ ...shared, kind: 'server' });
  await tokens.ensure();
  await serverTokens.ensure();
  const joins = new ServerJoins({ flags, etcd, isLive: (name) => keys.isLive(name), clock });
  return {
    tokens,
    isConnected: (nodeName) => keys.sessions.get(nodeName) !== undefined,
    signNode: (request, nodeName) => pki.signNode(request, nodeName),
    settings: () => ({ agentServers: keys.agentServers() }),
    servers: { tokens: serverTokens, admit: (message) => joins.admit(message) },
  };
}
