/** Which secrets and config maps a pod uses: its node is told of these and of no others. */
import type { Container, Pod, Volume } from '../types/core.v1.ts';

export interface Reference {
  resource: 'secrets' | 'configmaps';
  /** namespace/name */
  key: string;
}

export function referencesOf(pod: Pod): Reference[] {
  const { spec, metadata } = pod;
  const names = new Set<string>();
  const add = (resource: Reference['resource'], name: string | undefined): void => {
    if (name) names.add(`${resource} ${metadata.namespace}/${name}`);
  };
  for (const secret of spec.imagePullSecrets ?? []) add('secrets', secret.name);
  for (const volume of spec.volumes ?? []) addVolume(volume, add);
  for (const list of [spec.initContainers, spec.containers, spec.ephemeralContainers]) {
    for (const container of list ?? []) addEnvironment(container, add);
  }
  return [...names].map((name) => {
    const [resource, key] = name.split(' ') as [Reference['resource'], string];
    return { resource, key };
  });
}

type Add = (resource: Reference['resource'], name: string | undefined) => void;

function addVolume(volume: Volume, add: Add): void {
  add('secrets', volume.secret?.secretName);
  add('configmaps', volume.configMap?.name);
  for (const source of volume.projected?.sources ?? []) {
    add('secrets', source.secret?.name);
    add('configmaps', source.configMap?.name);
  }
}

function addEnvironment(container: Container, add: Add): void {
  for (const from of container.envFrom ?? []) {
    add('secrets', from.secretRef?.name);
    add('configmaps', from.configMapRef?.name);
  }
  for (const { valueFrom } of container.env ?? []) {
    add('secrets', valueFrom?.secretKeyRef?.name);
    add('configmaps', valueFrom?.configMapKeyRef?.name);
  }
}
