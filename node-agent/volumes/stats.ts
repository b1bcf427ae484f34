/** How full the file systems of claims are that pods here use, under the names that kubelets give these metrics. */
import { statfs } from 'node:fs/promises';
import { claimOf } from '../../api/machinery/pod-claims.ts';
import type { Pod } from '../../api/types/core.v1.ts';
import type { Labels, Metrics } from '../../lib/metrics.ts';
import type { View } from '../../lib/view.ts';
import type { PersistentVolumes } from './persistent.ts';

const LABELS = ['namespace', 'persistentvolumeclaim'] as const;
type ClaimLabels = Labels<(typeof LABELS)[number]>;

/** Of a file system. */
interface Fullness {
  readonly blocks: number;
  readonly bsize: number;
  readonly bavail: number;
  readonly bfree: number;
  readonly files: number;
  readonly ffree: number;
}

const METRICS: readonly [name: string, help: string, of: (found: Fullness) => number][] = [
  ['capacity_bytes', 'Bytes that the file system of the volume has.', ({ blocks, bsize }) => blocks * bsize],
  ['available_bytes', 'Bytes that can still be written to it.', ({ bavail, bsize }) => bavail * bsize],
  ['used_bytes', 'Bytes of it that are used.', ({ blocks, bfree, bsize }) => (blocks - bfree) * bsize],
  ['inodes', 'Files that it can have.', ({ files }) => files],
  ['inodes_free', 'Files that can still be made.', ({ ffree }) => ffree],
  ['inodes_used', 'Files that there are.', ({ files, ffree }) => files - ffree],
];

export interface VolumeStatsOptions {
  readonly pods: View<Pod>;
  readonly persistent: Pick<PersistentVolumes, 'mounted'>;
  readonly metrics: Metrics;
}

/** Measured when somebody looks. */
export function registerVolumeStats(options: VolumeStatsOptions): void {
  let underway: Promise<(readonly [ClaimLabels, Fullness])[]> | undefined;
  // All of them are read at the same time: one look serves them all.
  const measured = (): Promise<(readonly [ClaimLabels, Fullness])[]> =>
    (underway ??= measure(options).finally(() => (underway = undefined)));
  for (const [name, help, of] of METRICS) {
    options.metrics.collected('gauge', `kubelet_volume_stats_${name}`, help, LABELS, async () =>
      (await measured()).map(([labels, found]) => [labels, of(found)] as const),
    );
  }
}

async function measure({ pods, persistent }: VolumeStatsOptions): Promise<(readonly [ClaimLabels, Fullness])[]> {
  const found = new Map<string, readonly [ClaimLabels, Fullness]>();
  for (const pod of pods.list()) {
    for (const volume of pod.spec.volumes ?? []) {
      const claim = claimOf(pod, volume);
      const key = `${pod.metadata.namespace}/${claim}`;
      if (claim === undefined || found.has(key)) continue;
      // One that is not mounted, or gone this moment, has nothing to tell.
      const fullness = await persistent
        .mounted(pod, volume)
        .then(({ path }) => statfs(path))
        .catch(() => undefined);
      const labels = { namespace: pod.metadata.namespace ?? '', persistentvolumeclaim: claim };
      if (fullness) found.set(key, [labels, fullness]);
    }
  }
  return [...found.values()];
}
