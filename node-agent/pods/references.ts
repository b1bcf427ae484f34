/** Which config maps, secrets and claims a pod uses, so that a change of one wakes those who wait for it, and nobody else. */
import { claimsOf } from '../../api/machinery/pod-claims.ts';
import { objectKey } from '../../api/object.ts';
import type { Pod, Secret } from '../../api/types/core.v1.ts';
import type { View } from '../../lib/view.ts';
import { allContainers } from './container-kind.ts';

export type Referenced = 'configmap' | 'secret' | 'claim';

/** `configmap:namespace/name`, and so on. */
export function referencesOf(pod: Pod): Set<string> {
  const namespace = pod.metadata.namespace ?? '';
  const found = new Set<string>();
  const add = (kind: Referenced, name: string | undefined): void => {
    if (name) found.add(`${kind}:${objectKey(namespace, name)}`);
  };
  for (const { configMap, secret, projected } of pod.spec.volumes ?? []) {
    add('configmap', configMap?.name);
    add('secret', secret?.secretName);
    for (const source of projected?.sources ?? []) {
      add('configmap', source.configMap?.name);
      add('secret', source.secret?.name);
    }
  }
  for (const name of claimsOf(pod)) add('claim', name);
  for (const container of allContainers(pod)) {
    for (const { configMapRef, secretRef } of container.envFrom ?? []) {
      add('configmap', configMapRef?.name);
      add('secret', secretRef?.name);
    }
    for (const { valueFrom } of container.env ?? []) {
      add('configmap', valueFrom?.configMapKeyRef?.name);
      add('secret', valueFrom?.secretKeyRef?.name);
    }
  }
  for (const { name } of pod.spec.imagePullSecrets ?? []) add('secret', name);
  return found;
}

export function pullSecretsOf(pod: Pod, secrets: View<Secret>): Secret[] {
  const namespace = pod.metadata.namespace ?? '';
  return (pod.spec.imagePullSecrets ?? []).flatMap(({ name = '' }) => secrets.get(objectKey(namespace, name)) ?? []);
}
