/** Volumes of the cluster, and claims to them. */
import { defaultClaim, defaultVolume, normalizeSources } from '../../../api/defaults/storage.ts';
import { checkDnsSubdomain } from '../../../api/machinery/names.ts';
import type { PersistentVolume, PersistentVolumeClaim } from '../../../api/types/core.v1.ts';
import { validateClaim, validateClaimStatus, validateClaimUpdate } from '../../../api/validation/storage/claim.ts';
import { validateVolume, validateVolumeUpdate } from '../../../api/validation/storage/volume.ts';
import { timestamp } from '../metadata.ts';
import { warnOfClaim, warnOfVolume } from '../../../api/validation/warnings.ts';
import type { Strategy } from '../strategy.ts';

export const claimStrategy: Strategy<PersistentVolumeClaim> = {
  checkName: checkDnsSubdomain,
  applyDefaults: defaultClaim,
  prepareForCreate(claim) {
    claim.status = { phase: 'Pending' };
    dropForeignSource(claim);
    normalizeSources(claim.spec);
  },
  prepareForUpdate(next, previous) {
    if (!previous.spec.dataSource && !previous.spec.dataSourceRef) dropForeignSource(next);
    normalizeSources(next.spec);
  },
  validate: validateClaim,
  validateUpdate: validateClaimUpdate,
  validateStatusUpdate: validateClaimStatus,
  warnings: warnOfClaim,
};

/** The older of the two fields knows claims and snapshots only; what it does not know it has always ignored. */
function dropForeignSource({ spec }: PersistentVolumeClaim): void {
  const { dataSource, dataSourceRef } = spec;
  if (!dataSource || dataSourceRef) return;
  const { apiGroup = '', kind } = dataSource;
  const isClaim = kind === 'PersistentVolumeClaim' && apiGroup === '';
  const isSnapshot = kind === 'VolumeSnapshot' && apiGroup === 'snapshot.storage.k8s.io';
  if (!isClaim && !isSnapshot) delete spec.dataSource;
}

export const volumeStrategy: Strategy<PersistentVolume> = {
  checkName: checkDnsSubdomain,
  applyDefaults: defaultVolume,
  prepareForCreate(volume) {
    const { creationTimestamp } = volume.metadata;
    volume.status = { phase: 'Pending', ...(creationTimestamp ? { lastPhaseTransitionTime: creationTimestamp } : {}) };
  },
  validate: validateVolume,
  validateUpdate: validateVolumeUpdate,
  prepareForStatusUpdate(next, previous, now) {
    const { phase, lastPhaseTransitionTime: before } = previous.status;
    const { lastPhaseTransitionTime: said } = next.status;
    if (next.status.phase !== phase && (said === undefined || said === before)) {
      next.status = { ...next.status, lastPhaseTransitionTime: timestamp(now) };
    } else if (said === undefined && before !== undefined) {
      next.status = { ...next.status, lastPhaseTransitionTime: before };
    }
  },
  warnings: warnOfVolume,
};
