/** A claim for one pod only is used by no other, wherever that is. */
import type { FilterPlugin, Refusal } from '../framework.ts';

/** It may be used again once a less important pod has gone. */
const IN_USE: Refusal = {
  reasons: [
    'node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod',
  ],
  isFinal: false,
};

export const volumeRestrictions: FilterPlugin = {
  name: 'VolumeRestrictions',
  scope: 'cluster',
  helpedBy: ['node added', 'pod freed', 'claim changed'],
  ignores: (_event, info, other) =>
    !other.claims?.some(({ key }) => info.claims?.some((claim) => claim.key === key) === true),
  prepare({ claims }, { volumes, claimUsers }) {
    const exclusive = claims?.filter(({ key }) => volumes.claim(key)?.spec.accessModes?.includes('ReadWriteOncePod'));
    if (!exclusive || exclusive.length === 0) return undefined;
    return () => (exclusive.some(({ key }) => claimUsers.has(key)) ? IN_USE : undefined);
  },
};
