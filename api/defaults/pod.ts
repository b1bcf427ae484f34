/** Defaults of pods and pod templates (Kubernetes `SetDefaults_PodSpec`, `SetDefaults_Pod` and what they call). */
import type {
  Container,
  DownwardAPIVolumeFile,
  HTTPGetAction,
  Pod,
  PodSpec,
  PodTemplateSpec,
  Probe,
  Volume,
} from '../types/core.v1.ts';
import { defaultClaimSpec } from './storage.ts';

const TERMINATION_LOG = '/dev/termination-log';
const READABLE_BY_ALL = 0o644;

export function defaultPod(pod: Pod): void {
  pod.spec ??= { containers: [] };
  defaultPodSpec(pod.spec);
  pod.spec.enableServiceLinks ??= true;
  for (const container of allContainers(pod.spec)) {
    defaultRequests(container);
    if (pod.spec.hostNetwork) for (const port of container.ports ?? []) port.hostPort ||= port.containerPort;
  }
}

/** A template keeps what only a pod gets: requests taken from limits, host ports, service links. */
export function defaultPodTemplate(template: PodTemplateSpec): void {
  template.metadata ??= {};
  template.spec ??= { containers: [] };
  defaultPodSpec(template.spec);
}

function defaultPodSpec(spec: PodSpec): void {
  spec.containers ??= [];
  spec.restartPolicy ||= 'Always';
  spec.dnsPolicy ||= 'ClusterFirst';
  spec.schedulerName ||= 'default-scheduler';
  spec.terminationGracePeriodSeconds ??= 30;
  spec.securityContext ??= {};
  const account = spec.serviceAccountName || spec.serviceAccount;
  if (account) spec.serviceAccountName = spec.serviceAccount = account;
  for (const container of allContainers(spec)) defaultContainer(container);
  for (const container of spec.ephemeralContainers ?? []) defaultContainer(container as Container);
  for (const volume of spec.volumes ?? []) defaultVolume(volume);
}

function allContainers(spec: PodSpec): Container[] {
  return [...spec.containers, ...(spec.initContainers ?? [])];
}

function defaultContainer(container: Container): void {
  container.resources ??= {};
  container.terminationMessagePath ||= TERMINATION_LOG;
  container.terminationMessagePolicy ||= 'File';
  container.imagePullPolicy ||= pullPolicyFor(container.image ?? '');
  for (const port of container.ports ?? []) port.protocol ||= 'TCP';
  for (const { valueFrom } of container.env ?? []) {
    if (valueFrom?.fieldRef) valueFrom.fieldRef.apiVersion ||= 'v1';
    if (valueFrom?.resourceFieldRef) valueFrom.resourceFieldRef.divisor ??= '0';
  }
  for (const probe of [container.livenessProbe, container.readinessProbe, container.startupProbe]) {
    if (probe) defaultProbe(probe);
  }
  for (const hook of [container.lifecycle?.postStart, container.lifecycle?.preStop]) {
    if (hook?.httpGet) defaultHttpGet(hook.httpGet);
  }
}

function defaultProbe(probe: Probe): void {
  probe.timeoutSeconds ||= 1;
  probe.periodSeconds ||= 10;
  probe.successThreshold ||= 1;
  probe.failureThreshold ||= 3;
  if (probe.httpGet) defaultHttpGet(probe.httpGet);
  if (probe.grpc) probe.grpc.service ??= '';
}

function defaultHttpGet(action: HTTPGetAction): void {
  action.path ||= '/';
  action.scheme ||= 'HTTP';
}

function defaultRequests({ resources }: Container): void {
  if (!resources.limits) return;
  resources.requests = { ...resources.limits, ...resources.requests };
}

/** An image without a digest whose tag is `latest`, said or not, is looked for each time. */
export function pullPolicyFor(image: string): 'Always' | 'IfNotPresent' {
  if (image.includes('@')) return 'IfNotPresent';
  const lastPart = image.slice(image.lastIndexOf('/') + 1);
  const colon = lastPart.indexOf(':');
  const tag = colon < 0 ? 'latest' : lastPart.slice(colon + 1);
  return tag === 'latest' ? 'Always' : 'IfNotPresent';
}

function defaultVolume(volume: Volume): void {
  const sources = Object.keys(volume).filter((field) => field !== 'name');
  if (sources.length === 0) volume.emptyDir = {};
  if (volume.hostPath) volume.hostPath.type ??= '';
  for (const source of [volume.secret, volume.configMap, volume.downwardAPI, volume.projected]) {
    if (source) source.defaultMode ??= READABLE_BY_ALL;
  }
  for (const projection of volume.projected?.sources ?? []) {
    if (projection.serviceAccountToken) projection.serviceAccountToken.expirationSeconds ??= 3600;
    defaultItems(projection.downwardAPI?.items);
  }
  defaultItems(volume.downwardAPI?.items);
  const claim = volume.ephemeral?.volumeClaimTemplate;
  if (claim) {
    claim.metadata ??= {};
    claim.spec ??= { resources: {} };
    defaultClaimSpec(claim.spec);
  }
  if (volume.image) volume.image.pullPolicy ||= pullPolicyFor(volume.image.reference ?? '');
}

function defaultItems(items: DownwardAPIVolumeFile[] | undefined): void {
  for (const { fieldRef, resourceFieldRef } of items ?? []) {
    if (fieldRef) fieldRef.apiVersion ||= 'v1';
    if (resourceFieldRef) resourceFieldRef.divisor ??= '0';
  }
}

/** Seconds that a pod has to end in when nobody says otherwise. Less than none counts as one. */
export function gracePeriodOf({ terminationGracePeriodSeconds: seconds = 30 }: PodSpec): number {
  return seconds < 0 ? 1 : seconds;
}
