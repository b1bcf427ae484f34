/** Persistent volumes, claims, storage classes. */
import { accessModes, classOf } from '../../api/printing/storage.ts';
import { since } from '../../api/printing/duration.ts';
import { labelsText } from '../../api/printing/selector-text.ts';
import type { NodeSelectorTerm, PersistentVolume, PersistentVolumeClaim, Pod } from '../../api/types/core.v1.ts';
import type { StorageClass } from '../../api/types/storage.v1.ts';
import { podsWith } from '../pods.ts';
import type { Session } from '../session.ts';
import { annotationLines, eventLines, labelLines, tableLines, timeText, type Lines } from './common.ts';
import { storageLines } from './volumes.ts';

const IS_DEFAULT = 'storageclass.kubernetes.io/is-default-class';
const WAS_DEFAULT = 'storageclass.beta.kubernetes.io/is-default-class';

export async function describeVolume(volume: PersistentVolume, session: Session): Promise<Lines> {
  const { metadata, spec, status } = volume;
  const {
    capacity,
    accessModes: modes,
    claimRef,
    persistentVolumeReclaimPolicy: reclaim = '',
    storageClassName: _class,
    mountOptions: _options,
    volumeMode,
    nodeAffinity,
    volumeAttributesClassName: _attributes,
    ...source
  } = spec;
  return [
    `Name:\t${metadata.name}`,
    ...labelLines(volume),
    ...annotationLines(volume),
    `Finalizers:\t${bracketed(metadata.finalizers)}`,
    `StorageClass:\t${classOf(volume)}`,
    `Status:\t${statusText(volume, session)}`,
    `Claim:\t${claimRef ? `${claimRef.namespace ?? ''}/${claimRef.name ?? ''}` : ''}`,
    `Reclaim Policy:\t${reclaim}`,
    `Access Modes:\t${accessModes(modes)}`,
    ...(volumeMode === undefined ? [] : [`VolumeMode:\t${volumeMode}`]),
    `Capacity:\t${capacity?.['storage'] ?? '0'}`,
    ...affinityLines(nodeAffinity?.required?.nodeSelectorTerms),
    `Message:\t${status?.message ?? ''}`,
    'Source:',
    ...storageLines(source).map((line) => `    ${line}`),
    ...(await eventLines(volume, session)),
  ];
}

function affinityLines(terms: readonly NodeSelectorTerm[] | undefined): Lines {
  if (terms === undefined) return ['Node Affinity:\t<none>'];
  return [
    'Node Affinity:\t',
    '  Required Terms:\t',
    ...terms.flatMap(({ matchExpressions = [] }, at) => {
      const texts = matchExpressions.map(({ key, operator, values = [] }) => {
        return `${key} ${operator.toLowerCase()}${values.length > 0 ? ` [${values.join(', ')}]` : ''}`;
      });
      const shown = texts.length > 0 ? texts : ['<none>'];
      return shown.map((text, line) => (line === 0 ? `    Term ${at}:\t${text}` : `    \t${text}`));
    }),
  ];
}

export async function describeClaim(claim: PersistentVolumeClaim, session: Session): Promise<Lines> {
  const { metadata, spec, status } = claim;
  const users = await usersOf(claim, session);
  const isBound = Boolean(spec.volumeName);
  const { dataSource } = spec;
  const rows = (status?.conditions ?? []).map((condition) => [
    `${condition.type} `,
    `${condition.status} `,
    `${timeText(condition.lastProbeTime)} `,
    `${timeText(condition.lastTransitionTime)} `,
    `${condition.reason ?? ''} `,
    condition.message ?? '',
  ]);
  return [
    `Name:\t${metadata.name}`,
    `Namespace:\t${metadata.namespace}`,
    `StorageClass:\t${classOf(claim)}`,
    `Status:\t${statusText(claim, session)}`,
    `Volume:\t${spec.volumeName ?? ''}`,
    ...labelLines(claim),
    ...annotationLines(claim),
    `Finalizers:\t${bracketed(metadata.finalizers)}`,
    `Capacity:\t${isBound ? (status?.capacity?.['storage'] ?? '0') : ''}`,
    `Access Modes:\t${isBound ? accessModes(status?.accessModes) : ''}`,
    ...(spec.volumeMode === undefined ? [] : [`VolumeMode:\t${spec.volumeMode}`]),
    ...(dataSource
      ? [
          'DataSource:',
          ...(dataSource.apiGroup === undefined ? [] : [`  APIGroup:\t${dataSource.apiGroup}`]),
          `  Kind:\t${dataSource.kind}`,
          `  Name:\t${dataSource.name}`,
        ]
      : []),
    ...(users.length > 0 ? users : ['<none>']).map((name, at) => `${at === 0 ? 'Used By:' : ''}\t${name}`),
    ...(rows.length > 0
      ? [
          'Conditions:',
          '  Type\tStatus\tLastProbeTime\tLastTransitionTime\tReason\tMessage',
          ...CLAIM_RULE,
          ...tableLines([], rows).slice(2),
        ]
      : []),
    ...(await eventLines(claim, session)),
  ];
}

/** As kubectl draws it, one line too short for its second head. */
const CLAIM_RULE = ['  ----\t------\t-----------------\t------------------\t------\t-------'];

/** Names of pods with a volume that is this claim, then of those that own it. */
async function usersOf({ metadata }: PersistentVolumeClaim, session: Session): Promise<(string | undefined)[]> {
  const pods = await podsWith('', metadata.namespace, session);
  const owners = new Set((metadata.ownerReferences ?? []).filter(({ kind }) => kind === 'Pod').map(({ uid }) => uid));
  const uses = ({ spec }: Pod): boolean =>
    (spec.volumes ?? []).some((volume) => volume.persistentVolumeClaim?.claimName === metadata.name);
  const users = pods.filter(uses);
  const further = pods.filter((pod) => owners.has(pod.metadata.uid ?? '') && !uses(pod));
  return [...users, ...further].map((pod) => pod.metadata.name);
}

export async function describeStorageClass(storageClass: StorageClass, session: Session): Promise<Lines> {
  const { metadata, mountOptions = [], allowVolumeExpansion: expansion, allowedTopologies } = storageClass;
  const { annotations = {} } = metadata;
  const isDefault = annotations[IS_DEFAULT] === 'true' || annotations[WAS_DEFAULT] === 'true';
  return [
    `Name:\t${metadata.name}`,
    `IsDefaultClass:\t${isDefault ? 'Yes' : 'No'}`,
    `Annotations:\t${labelsText(annotations)}`,
    `Provisioner:\t${storageClass.provisioner}`,
    `Parameters:\t${labelsText(storageClass.parameters)}`,
    `AllowVolumeExpansion:\t${expansion === undefined ? '<unset>' : expansion ? 'True' : 'False'}`,
    ...(mountOptions.length > 0
      ? ['MountOptions:', ...mountOptions.map((option) => `  ${option}`)]
      : ['MountOptions:\t<none>']),
    ...(storageClass.reclaimPolicy ? [`ReclaimPolicy:\t${storageClass.reclaimPolicy}`] : []),
    ...(storageClass.volumeBindingMode ? [`VolumeBindingMode:\t${storageClass.volumeBindingMode}`] : []),
    ...(allowedTopologies
      ? [
          'AllowedTopologies:\t',
          ...allowedTopologies.flatMap(({ matchLabelExpressions = [] }, at) =>
            matchLabelExpressions.map(
              ({ key, values }, line) => `  ${line === 0 ? `Term ${at}:` : ''}\t${key} in [${values.join(', ')}]`,
            ),
          ),
        ]
      : []),
    ...(await eventLines(storageClass, session)),
  ];
}

function statusText({ metadata, status }: PersistentVolume | PersistentVolumeClaim, session: Session): string {
  if (metadata.deletionTimestamp === undefined) return status?.phase ?? '';
  return `Terminating (lasts ${since(metadata.deletionTimestamp, session.world.clock.date())})`;
}

function bracketed(words: readonly string[] = []): string {
  return `[${words.join(' ')}]`;
}
