/** What changes of claims, volumes and classes mean for pods that wait. */
import { claimKeyOf } from '../../api/machinery/persistent-volumes.ts';
import type { ClusterEvent } from './snapshot.ts';
import type { VolumeWaits } from './volume-waits.ts';
import type { VolumeViews, Volumes } from './volumes.ts';
import type { About } from './waiting.ts';

export interface VolumeEventsOptions {
  readonly views: VolumeViews;
  readonly volumes: Volumes;
  /** Of pods that have their node. */
  readonly waits: VolumeWaits;
  /** For pods that have none. */
  readonly happened: (event: ClusterEvent, about?: About) => void;
}

/** Returns what ends it. */
export function followVolumes({ views, volumes, waits, happened }: VolumeEventsOptions): (() => void)[] {
  return [
    views.claims.subscribe(({ key, type }) => {
      volumes.version += 1;
      waits.changed(key);
      if (type !== 'deleted') happened('claim changed', { claim: key });
    }),
    views.volumes.subscribe(({ key, type, object }) => {
      volumes.version += 1;
      const claim = claimKeyOf(object);
      for (const changed of [key, claim]) if (changed !== undefined) waits.changed(changed);
      if (type !== 'deleted') happened('volume changed', { claim });
    }),
    views.classes.subscribe(() => {
      volumes.version += 1;
      happened('storage class changed');
    }),
  ];
}
