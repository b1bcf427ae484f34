/** Volumes, as `describe` shows them. */
import type { PersistentVolumeSource, VolumeProjection, VolumeSource, Volume } from '../../api/types/core.v1.ts';
import { mapLines, type Lines } from './common.ts';

/** `step` is what the names are indented by; sources stand below the title, whatever the names do. */
export function volumeLines(volumes: readonly Volume[], title: string, step: ' ' | '  '): Lines {
  if (volumes.length === 0) return [`${title}:\t<none>`];
  return [
    `${title}:`,
    ...volumes.flatMap((volume) => [
      `${step}${volume.name}:`,
      ...sourceLines(volume).map((line) => `${step === ' ' ? '' : step}  ${line}`),
    ]),
  ];
}

function sourceLines({ name: _name, ...source }: Volume): Lines {
  return claimLines(source) ?? inlineLines(source) ?? storageLines(source);
}

function claimLines({ persistentVolumeClaim: claim, ephemeral, image }: VolumeSource): Lines | undefined {
  if (claim) {
    return [
      'Type:\tPersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)',
      `ClaimName:\t${claim.claimName}`,
      `ReadOnly:\t${claim.readOnly === true}`,
    ];
  }
  if (image) {
    return [
      'Type:\tImage (a container image or OCI artifact)',
      `Reference:\t${image.reference ?? ''}`,
      `PullPolicy:\t${image.pullPolicy ?? ''}`,
    ];
  }
  if (!ephemeral) return undefined;
  const { metadata, spec } = ephemeral.volumeClaimTemplate ?? {};
  return [
    'Type:\tEphemeralVolume (an inline specification for a volume that gets created and deleted with the pod)',
    `StorageClass:\t${spec?.storageClassName ?? ''}`,
    'Volume:\t',
    ...farLines('Labels', metadata?.labels, '='),
    ...farLines('Annotations', metadata?.annotations, ': '),
    'Capacity:\t',
    'Access Modes:\t',
    ...(spec?.volumeMode === undefined ? [] : [`VolumeMode:\t${spec.volumeMode}`]),
  ];
}

function inlineLines({ emptyDir, configMap, secret, downwardAPI, projected }: VolumeSource): Lines | undefined {
  if (emptyDir) {
    const { medium = '', sizeLimit = '<unset>' } = emptyDir;
    return [
      "Type:\tEmptyDir (a temporary directory that shares a pod's lifetime)",
      `Medium:\t${medium}`,
      `SizeLimit:\t${sizeLimit}`,
    ];
  }
  if (configMap) {
    return [
      'Type:\tConfigMap (a volume populated by a ConfigMap)',
      `Name:\t${configMap.name ?? ''}`,
      `Optional:\t${configMap.optional === true}`,
    ];
  }
  if (secret) {
    return [
      'Type:\tSecret (a volume populated by a Secret)',
      `SecretName:\t${secret.secretName ?? ''}`,
      `Optional:\t${secret.optional === true}`,
    ];
  }
  if (downwardAPI) {
    const items = (downwardAPI.items ?? []).map(
      ({ path, fieldRef, resourceFieldRef }) => `  ${fieldRef?.fieldPath ?? resourceFieldRef?.resource} -> ${path}`,
    );
    return ['Type:\tDownwardAPI (a volume populated by information about the pod)', 'Items:', ...items];
  }
  if (projected) {
    return [
      'Type:\tProjected (a volume that contains injected data from multiple sources)',
      ...(projected.sources ?? []).flatMap(projectionLines),
    ];
  }
  return undefined;
}

/** Sources that pods and persistent volumes share, and those of persistent volumes. */
export function storageLines(source: VolumeSource | PersistentVolumeSource): Lines {
  const { hostPath, nfs, csi } = source;
  if (hostPath) {
    return [
      'Type:\tHostPath (bare host directory volume)',
      `Path:\t${hostPath.path}`,
      `HostPathType:\t${hostPath.type ?? '<none>'}`,
    ];
  }
  if (nfs) {
    return [
      'Type:\tNFS (an NFS mount that lasts the lifetime of a pod)',
      `Server:\t${nfs.server}`,
      `Path:\t${nfs.path}`,
      `ReadOnly:\t${nfs.readOnly === true}`,
    ];
  }
  if ('local' in source && source.local) {
    return [
      'Type:\tLocalVolume (a persistent volume backed by local storage on a node)',
      `Path:\t${source.local.path}`,
    ];
  }
  if (csi) {
    return [
      'Type:\tCSI (a Container Storage Interface (CSI) volume source)',
      `Driver:\t${csi.driver}`,
      `FSType:\t${csi.fsType ?? ''}`,
      ...('volumeHandle' in csi ? [`VolumeHandle:\t${csi.volumeHandle}`] : []),
      `ReadOnly:\t${csi.readOnly === true}`,
      ...farLines('VolumeAttributes', csi.volumeAttributes, '='),
    ];
  }
  return [`Type:\t${Object.keys(source)[0] ?? '<unknown>'}`];
}

function projectionLines({ secret, downwardAPI, configMap, serviceAccountToken }: VolumeProjection): Lines {
  if (secret) return [`SecretName:\t${secret.name ?? ''}`, `Optional:\t${secret.optional === true}`];
  if (downwardAPI) return ['DownwardAPI:\ttrue'];
  if (configMap) return [`ConfigMapName:\t${configMap.name ?? ''}`, `Optional:\t${configMap.optional === true}`];
  return serviceAccountToken ? [`TokenExpirationSeconds:\t${serviceAccountToken.expirationSeconds}`] : [];
}

/** kubectl indents these values as it does their titles. */
function farLines(title: string, values: Readonly<Record<string, string>> | undefined, separator: string): Lines {
  return mapLines(title, values, separator).map((line) => line.replace('\t', '\t    '));
}
