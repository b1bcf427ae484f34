/** What a pod or a template can say, validly, that it had better not; in Kubernetes' words. */
import { parseQuantity } from '../../machinery/quantity.ts';
import type { Container, Pod, PodAffinityTerm, PodSpec, PodTemplateSpec, Volume } from '../../types/core.v1.ts';
import type { ObjectMeta } from '../../types/meta.v1.ts';
import { warnOfIP } from '../addresses.ts';
import { oldLabel } from '../node-label-warnings.ts';
import { warnOfPortNames, warnOfPorts } from './port-warnings.ts';

const NANOS_PER_UNIT = 1_000_000_000n;
const OLD_ANNOTATIONS = [
  ['scheduler.alpha.kubernetes.io/critical-pod', 'non-functional in v1.16+; use the "priorityClassName" field instead'],
  ['security.alpha.kubernetes.io/sysctls', 'non-functional in v1.11+; use the "sysctls" field instead'],
] as const;
const OLD_VOLUMES: readonly (readonly [keyof Volume, string, string])[] = [
  ['photonPersistentDisk', 'photonPersistentDisk', 'deprecated in v1.11, non-functional in v1.16+'],
  ['gitRepo', 'gitRepo', 'deprecated in v1.11, and disabled by default in v1.33+'],
  ['scaleIO', 'scaleIO', 'deprecated in v1.16, non-functional in v1.22+'],
  ['flocker', 'flocker', 'deprecated in v1.22, non-functional in v1.25+'],
  ['storageos', 'storageOS', 'deprecated in v1.22, non-functional in v1.25+'],
  ['quobyte', 'quobyte', 'deprecated in v1.22, non-functional in v1.25+'],
  ['glusterfs', 'glusterfs', 'deprecated in v1.25, non-functional in v1.26+'],
  ['cephfs', 'cephfs', 'deprecated in v1.28, non-functional in v1.31+'],
  ['rbd', 'rbd', 'deprecated in v1.28, non-functional in v1.31+'],
];

/** Of new pods alone: those that are there are seldom changed by people. */
export function warnOfPod({ metadata, spec }: Pod, previous: Pod | undefined): string[] {
  return previous ? [] : warningsOf(metadata, spec, '');
}

/** `path` is such as `spec.template`. */
export function warnOfTemplate({ metadata, spec }: PodTemplateSpec, path: string): string[] {
  return warningsOf(metadata ?? {}, spec, `${path}.`);
}

function warningsOf({ annotations = {} }: ObjectMeta, spec: PodSpec, prefix: string): string[] {
  const at = `${prefix}spec`;
  const grace = spec.terminationGracePeriodSeconds;
  return [
    ...warnOfLabels(spec, at),
    ...OLD_ANNOTATIONS.filter(([key]) => annotations[key] !== undefined).map(
      ([key, why]) => `${prefix}metadata.annotations[${key}]: ${why}`,
    ),
    ...(spec.volumes ?? []).flatMap((volume, index) => warnOfVolumeSource(volume, `${at}.volumes[${index}]`)),
    ...warnOfRepetition(spec, at),
    ...warnOfFractions(spec.overhead, `${at}.overhead`),
    ...eachContainer(spec, at, warnOfContainer),
    ...warnOfPorts(spec, at),
    ...warnOfPortNames(spec, at),
    ...(grace !== undefined && grace < 0
      ? [`${at}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1`]
      : []),
    ...warnOfAffinity(spec, at),
    ...(spec.dnsConfig?.nameservers ?? []).flatMap((ip, index) =>
      warnOfIP(ip, `${at}.dnsConfig.nameservers[${index}]`),
    ),
    ...(spec.hostAliases ?? []).flatMap(({ ip }, index) => warnOfIP(ip ?? '', `${at}.hostAliases[${index}].ip`)),
  ];
}

function warnOfLabels({ nodeSelector = {}, topologySpreadConstraints = [] }: PodSpec, at: string): string[] {
  const selected = Object.keys(nodeSelector).flatMap((key) => {
    const why = oldLabel(key);
    return why === undefined ? [] : [`${at}.nodeSelector[${key}]: ${why}`];
  });
  const spread = topologySpreadConstraints.flatMap(({ topologyKey, labelSelector }, index) => {
    const path = `${at}.topologySpreadConstraints[${index}]`;
    const why = oldLabel(topologyKey);
    return [
      ...(why === undefined ? [] : [`${path}.topologyKey: ${topologyKey} is ${why}`]),
      ...(labelSelector ? [] : [matchesNothing(path)]),
    ];
  });
  return [...selected, ...spread];
}

function matchesNothing(path: string): string {
  return `${path}.labelSelector: a null labelSelector results in matching no pod`;
}

function warnOfVolumeSource(volume: Volume, at: string): string[] {
  return OLD_VOLUMES.filter(([source]) => volume[source] !== undefined).map(([, name, why]) => `${at}.${name}: ${why}`);
}

function warnOfRepetition({ hostAliases = [], imagePullSecrets = [] }: PodSpec, at: string): string[] {
  const addresses = hostAliases.map(({ ip }) => ip ?? '');
  const names = imagePullSecrets.map(({ name }) => name ?? '');
  const isRepeated = (value: string, index: number, all: readonly string[]): boolean => all.indexOf(value) < index;
  return [
    ...addresses.flatMap((ip, index) =>
      isRepeated(ip, index, addresses) ? [`${at}.hostAliases[${index}].ip: duplicate ip "${ip}"`] : [],
    ),
    ...names.flatMap((name, index) =>
      isRepeated(name, index, names) ? [`${at}.imagePullSecrets[${index}].name: duplicate name "${name}"`] : [],
    ),
    ...names.flatMap((name, index) =>
      name === '' ? [`${at}.imagePullSecrets[${index}].name: invalid empty name ""`] : [],
    ),
  ];
}

function warnOfFractions(amounts: Record<string, string> | undefined, at: string): string[] {
  return ['memory', 'ephemeral-storage'].flatMap((name) => {
    const amount = amounts?.[name];
    if (amount === undefined || parseQuantity(amount).nanos % NANOS_PER_UNIT === 0n) return [];
    return [`${at}[${name}]: fractional byte value ${JSON.stringify(amount)} is invalid, must be an integer`];
  });
}

function eachContainer(
  { initContainers = [], containers, ephemeralContainers = [] }: PodSpec,
  at: string,
  warn: (container: Container, path: string) => string[],
): string[] {
  const lists = { initContainers, containers, ephemeralContainers: ephemeralContainers as unknown as Container[] };
  return Object.entries(lists).flatMap(([list, all]) =>
    all.flatMap((container, index) => warn(container, `${at}.${list}[${index}]`)),
  );
}

function warnOfContainer({ resources, env = [] }: Container, at: string): string[] {
  const seen = new Set<string>();
  const hiding = env.flatMap(({ name, value = '', valueFrom }, index) => {
    const reference = `$(${name})`;
    const isNew = !seen.has(name);
    seen.add(name);
    // What builds on the value before it hides nothing.
    if (isNew || (valueFrom === undefined && value !== reference && value.includes(reference))) return [];
    return [`${at}.env[${index}]: hides previous definition of "${name}", which may be dropped when using apply`];
  });
  return [
    ...warnOfFractions(resources?.limits, `${at}.resources.limits`),
    ...warnOfFractions(resources?.requests, `${at}.resources.requests`),
    ...hiding,
  ];
}

function warnOfAffinity({ affinity }: PodSpec, at: string): string[] {
  return (['podAffinity', 'podAntiAffinity'] as const).flatMap((which) => {
    const { requiredDuringSchedulingIgnoredDuringExecution: required = [], ...rest } = affinity?.[which] ?? {};
    const preferred = rest.preferredDuringSchedulingIgnoredDuringExecution ?? [];
    const open = ({ labelSelector }: PodAffinityTerm, path: string): string[] =>
      labelSelector ? [] : [matchesNothing(path)];
    const path = `${at}.affinity.${which}`;
    return [
      ...required.flatMap((term, index) =>
        open(term, `${path}.requiredDuringSchedulingIgnoredDuringExecution[${index}]`),
      ),
      ...preferred.flatMap(({ podAffinityTerm }, index) =>
        open(podAffinityTerm, `${path}.preferredDuringSchedulingIgnoredDuringExecution[${index}].podAffinityTerm`),
      ),
    ];
  });
}
