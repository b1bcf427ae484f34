/** A container's environment, in the order and by the rules of Kubernetes: services, envFrom, then env; later ones win. */
import type { ConfigMap, Container, EnvVar, Pod, Secret, Service } from '../../api/types/core.v1.ts';
import { ContainerConfigError } from './config-error.ts';
import { expand } from './expand.ts';
import { fieldOf, resourceOf } from './field-ref.ts';
import { serviceVariables } from './service-environment.ts';

export interface EnvironmentSources {
  readonly pod: Pod;
  readonly container: Container;
  readonly nodeName: string;
  readonly hostIps: readonly string[];
  readonly podIps: readonly string[];
  readonly nodeCapacity: { readonly milliCpu: number; readonly memoryBytes: number };
  configMap(name: string): ConfigMap | undefined;
  secret(name: string): Secret | undefined;
  services(): Iterable<Service>;
}

/** Throws {@link ContainerConfigError} when something that is not optional is missing. */
export function environmentOf(sources: EnvironmentSources): Map<string, string> {
  const result = serviceVariables(sources.pod, sources.services());
  for (const [name, value] of envFrom(sources)) result.set(name, value);
  const defined = new Map<string, string>();
  for (const variable of sources.container.env ?? []) {
    const value = valueOf(sources, variable, new Map([...result, ...defined]));
    if (value !== undefined) defined.set(variable.name, value);
  }
  for (const [name, value] of defined) result.set(name, value);
  return result;
}

function* envFrom(sources: EnvironmentSources): Iterable<[string, string]> {
  for (const { prefix = '', configMapRef, secretRef } of sources.container.envFrom ?? []) {
    if (configMapRef) {
      const found = findConfigMap(sources, configMapRef.name ?? '', configMapRef.optional);
      for (const [key, value] of Object.entries(found?.data ?? {})) yield [prefix + key, value];
    }
    if (secretRef) {
      const found = findSecret(sources, secretRef.name ?? '', secretRef.optional);
      for (const [key, value] of Object.entries(found?.data ?? {})) yield [prefix + key, decode(value)];
    }
  }
}

function valueOf(sources: EnvironmentSources, variable: EnvVar, known: Map<string, string>): string | undefined {
  if (!variable.valueFrom) return expand(variable.value ?? '', known);
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef } = variable.valueFrom;
  if (fieldRef) return fieldOf(sources, fieldRef.fieldPath);
  if (resourceFieldRef) return resourceOf(sources, resourceFieldRef);
  if (configMapKeyRef) {
    const { name = '', key, optional } = configMapKeyRef;
    const value = findConfigMap(sources, name, optional)?.data?.[key];
    return value ?? missingKey(sources, 'ConfigMap', name, key, optional);
  }
  if (secretKeyRef) {
    const { name = '', key, optional } = secretKeyRef;
    const value = findSecret(sources, name, optional)?.data?.[key];
    return value === undefined ? missingKey(sources, 'Secret', name, key, optional) : decode(value);
  }
  throw new ContainerConfigError(`environment variable ${variable.name}: this source is not supported`);
}

function missingKey(
  { pod }: EnvironmentSources,
  kind: string,
  name: string,
  key: string,
  optional: boolean | undefined,
): undefined {
  if (optional) return undefined;
  throw new ContainerConfigError(`couldn't find key ${key} in ${kind} ${pod.metadata.namespace}/${name}`);
}

function findConfigMap(sources: EnvironmentSources, name: string, optional?: boolean): ConfigMap | undefined {
  const found = sources.configMap(name);
  if (!found && !optional) throw new ContainerConfigError(`configmap "${name}" not found`);
  return found;
}

function findSecret(sources: EnvironmentSources, name: string, optional?: boolean): Secret | undefined {
  const found = sources.secret(name);
  if (!found && !optional) throw new ContainerConfigError(`secret "${name}" not found`);
  return found;
}

function decode(base64: string): string {
  return Buffer.from(base64, 'base64').toString();
}
