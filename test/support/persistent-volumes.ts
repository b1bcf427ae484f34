/** Persistent volumes below a directory of a test, on the node `node-1`. */
import path from 'node:path';
import type { NodeClaim } from '../../api/node-volumes.ts';
import { MapView } from '../../lib/view.ts';
import { PersistentVolumes } from '../../node-agent/volumes/persistent.ts';

/** `root`: with the pods' directories in `pods`, provisioned volumes in `volumes`, and marks of them in `marks`. */
export function persistentVolumes(root: string, claims = new MapView<NodeClaim>()): PersistentVolumes {
  return new PersistentVolumes({
    directory: path.join(root, 'volumes'),
    marks: path.join(root, 'marks'),
    root: path.join(root, 'pods'),
    claims,
    node: () => ({ name: 'node-1', labels: { 'kubernetes.io/hostname': 'node-1' } }),
  });
}
