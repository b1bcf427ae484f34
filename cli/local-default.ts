/** Which local cluster is meant when nothing says so. */
import { LocalCluster, clusterNames } from './local/cluster.ts';
import { CommandError } from './errors.ts';

const USUAL_NAME = 'dev';

/** The kubeconfig of the only local cluster, or of the one named dev; undefined when there is none. */
export function localKubeconfig(): string | undefined {
  const names = clusterNames();
  const name = names.length === 1 ? names[0] : names.find((candidate) => candidate === USUAL_NAME);
  if (name === undefined && names.length > 0) {
    throw new CommandError(`there are several local clusters (${names.join(', ')}): choose one with --kubeconfig`);
  }
  return name === undefined ? undefined : LocalCluster.find(name)?.kubeconfig;
}
