/** What users are told of claims and volumes: events in Kubernetes' words. */
import { type Kind, kinds } from '../../../api/kinds.ts';
import type { PersistentVolume, PersistentVolumeClaim } from '../../../api/types/core.v1.ts';
import { type ActionOf, type Announcement, referenceTo } from '../actions.ts';

export function telling(
  object: PersistentVolume | PersistentVolumeClaim,
  type: Announcement['type'],
  reason: string,
  message: string,
): ActionOf<'record'> {
  const kind = object.metadata.namespace === undefined ? kinds.persistentvolumes : kinds.persistentvolumeclaims;
  return { do: 'record', event: { about: referenceTo(kind as Kind, object), type, reason, message }, why: message };
}
