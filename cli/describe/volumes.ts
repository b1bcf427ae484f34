/** Volumes, as `describe` shows them. */
import type { Volume, VolumeProjection } from '../../api/schema/types/core.v1.ts';
import type { Lines } from './common.ts';

/** `step` is what the names are indented by. */
export function volumeLines(volumes: readonly Volume[], title: string, step: string): Lines {
  if (volumes.length === 0) return [`${title}:\t<none>`];
  return [
    `${title}:`,
    ...volumes.flatMap((volume) => [
      `${step}${volume.name}:`,
      ...sourceLines(volume).map((line) => `${step}  ${line}`),
    ]),
  ];
}

function sourceLines({ emptyDir, hostPath, configMap, secret, downwardAPI, projected, ...others }: Volume): Lines {
  if (emptyDir) {
    const { medium = '', sizeLimit = '<unset>' } = emptyDir;
    return [
      "Type:\tEmptyDir (a temporary directory that shares a pod's lifetime)",
      `Medium:\t${medium}`,
      `SizeLimit:\t${sizeLimit}`,
    ];
  }
  if (hostPath) {
    return [
      'Type:\tHostPath (bare host directory volume)',
      `Path:\t${hostPath.path}`,
      `HostPathType:\t${hostPath.type ?? ''}`,
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
  const kind = Object.keys(others).find((key) => key !== 'name') ?? 'unknown';
  return [`Type:\t${kind}`];
}

function projectionLines({ secret, downwardAPI, configMap, serviceAccountToken }: VolumeProjection): Lines {
  if (secret) return [`SecretName:\t${secret.name ?? ''}`, `Optional:\t${secret.optional === true}`];
  if (downwardAPI) return ['DownwardAPI:\ttrue'];
  if (configMap) return [`ConfigMapName:\t${configMap.name ?? ''}`, `Optional:\t${configMap.optional === true}`];
  return serviceAccountToken ? [`TokenExpirationSeconds:\t${serviceAccountToken.expirationSeconds}`] : [];
}
