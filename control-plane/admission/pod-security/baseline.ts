/** The checks of the baseline standard, each with the words for what it finds (kubernetes.io, Pod Security Standards). */
import type { Container, LifecycleHandler } from '../../../api/types/core.v1.ts';
import {
  allContainers,
  type Check,
  type CheckPod,
  containersText,
  contextsOf,
  hasOwnUsers,
  namesWhere,
  plural,
  quoted,
  settersOf,
  sortedSet,
} from './check.ts';

const ADDABLE: ReadonlySet<string> = new Set([
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
]);
const SYSCTLS = [
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.ping_group_range',
  'net.ipv4.tcp_syncookies',
];
const SYSCTLS_27 = [...SYSCTLS, 'net.ipv4.ip_local_reserved_ports'];
const SYSCTLS_29 = [
  ...SYSCTLS_27,
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_keepalive_time',
];
const SYSCTLS_32 = [...SYSCTLS_29, 'net.ipv4.tcp_rmem', 'net.ipv4.tcp_wmem'];
const SELINUX_TYPES = ['', 'container_t', 'container_init_t', 'container_kvm_t'];
const SELINUX_TYPES_31 = [...SELINUX_TYPES, 'container_engine_t'];

const APP_ARMOR_ANNOTATION = 'container.apparmor.security.beta.kubernetes.io/';
const SECCOMP_POD_ANNOTATION = 'seccomp.security.alpha.kubernetes.io/pod';
const SECCOMP_CONTAINER_ANNOTATION = 'container.seccomp.security.alpha.kubernetes.io/';

const appArmor: CheckPod = (pod) => {
  const isBad = (type: string | undefined): boolean => type !== 'RuntimeDefault' && type !== 'Localhost';
  const setters = settersOf(pod, ({ appArmorProfile }) => appArmorProfile !== undefined && isBad(appArmorProfile.type));
  const types = contextsOf(pod).flatMap(({ appArmorProfile }) => appArmorProfile?.type ?? []);
  const annotations = Object.entries(pod.metadata?.annotations ?? {})
    .filter(
      ([key, value]) => key.startsWith(APP_ARMOR_ANNOTATION) && !/^(|runtime\/default|localhost\/.*)$/s.test(value),
    )
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  if (annotations.length > 0) setters.push(plural(annotations.length, 'annotation'));
  if (setters.length === 0) return undefined;
  const values = [...sortedSet(types.filter(isBad)), ...annotations.toSorted()];
  const detail = `${setters.join(' and ')} must not set AppArmor profile type to ${quoted(values)}`;
  return { reason: plural(values.length, 'forbidden AppArmor profile'), detail };
};

const capabilities: CheckPod = (pod) => {
  const bad = ({ securityContext }: Container): string[] =>
    (securityContext?.capabilities?.add ?? []).filter((name) => !ADDABLE.has(name));
  const names = namesWhere(pod, (container) => bad(container).length > 0);
  if (names.length === 0) return undefined;
  const added = quoted(sortedSet(allContainers(pod).flatMap(bad)));
  const detail = `${containersText(names)} must not include ${added} in securityContext.capabilities.add`;
  return { reason: 'non-default capabilities', detail };
};

const hostNamespaces: CheckPod = ({ spec }) => {
  const set = (['hostNetwork', 'hostPID', 'hostIPC'] as const).filter((field) => spec[field]);
  const detail = set.map((field) => `${field}=true`).join(', ');
  return set.length === 0 ? undefined : { reason: 'host namespaces', detail };
};

const hostPaths: CheckPod = ({ spec }) => {
  const names = (spec.volumes ?? []).filter(({ hostPath }) => hostPath).map(({ name }) => name);
  if (names.length === 0) return undefined;
  return { reason: 'hostPath volumes', detail: `${plural(names.length, 'volume')} ${quoted(names)}` };
};

const hostPorts: CheckPod = (pod) => {
  const portsOf = ({ ports }: Container): string[] =>
    (ports ?? []).flatMap(({ hostPort }) => hostPort || []).map(String);
  const names = namesWhere(pod, (container) => portsOf(container).length > 0);
  if (names.length === 0) return undefined;
  const ports = sortedSet(allContainers(pod).flatMap(portsOf));
  const uses = `${plural(names.length, 'uses', 'use')} ${plural(ports.length, 'hostPort')}`;
  return { reason: 'hostPort', detail: `${containersText(names)} ${uses} ${ports.join(', ')}` };
};

const probeHosts: CheckPod = (pod) => {
  const bad = ({ livenessProbe, readinessProbe, startupProbe, lifecycle }: Container): string[] => {
    const handlers: (LifecycleHandler | undefined)[] = [livenessProbe, readinessProbe, startupProbe];
    handlers.push(lifecycle?.postStart, lifecycle?.preStop);
    const hosts = handlers.flatMap((handler) => [handler?.httpGet?.host, handler?.tcpSocket?.host]);
    return hosts.filter((host) => host !== undefined && host !== '') as string[];
  };
  const names = sortedSet(namesWhere(pod, (container) => bad(container).length > 0));
  if (names.length === 0) return undefined;
  const hosts = sortedSet(allContainers(pod).flatMap(bad));
  const uses = `${plural(names.length, 'uses', 'use')} ${plural(hosts.length, 'probe or lifecycle host')}`;
  return { reason: 'probe or lifecycle host', detail: `${containersText(names)} ${uses} ${quoted(hosts)}` };
};

const privileged: CheckPod = (pod) => {
  const names = namesWhere(pod, ({ securityContext }) => securityContext?.privileged === true);
  if (names.length === 0) return undefined;
  return { reason: 'privileged', detail: `${containersText(names)} must not set securityContext.privileged=true` };
};

export const procMount: CheckPod = (pod) => {
  const bad = ({ securityContext }: Container): string[] =>
    securityContext?.procMount !== undefined && securityContext.procMount !== 'Default'
      ? [securityContext.procMount]
      : [];
  const names = namesWhere(pod, (container) => bad(container).length > 0);
  if (names.length === 0) return undefined;
  const types = quoted(sortedSet(allContainers(pod).flatMap(bad)));
  return { reason: 'procMount', detail: `${containersText(names)} must not set securityContext.procMount to ${types}` };
};

function seLinux(allowed: readonly string[]): CheckPod {
  return (pod) => {
    const setters = settersOf(
      pod,
      ({ seLinuxOptions: set }) => set !== undefined && (!allowed.includes(set.type ?? '') || !!set.user || !!set.role),
    );
    if (setters.length === 0) return undefined;
    const options = contextsOf(pod).flatMap(({ seLinuxOptions }) => seLinuxOptions ?? []);
    const types = sortedSet(options.flatMap(({ type = '' }) => (allowed.includes(type) ? [] : type)));
    const wrong = [
      ...(types.length > 0 ? [`${plural(types.length, 'type')} ${quoted(types)}`] : []),
      ...(options.some(({ user }) => user) ? ['user may not be set'] : []),
      ...(options.some(({ role }) => role) ? ['role may not be set'] : []),
    ];
    const detail = `${setters.join(' and ')} set forbidden securityContext.seLinuxOptions: ${wrong.join('; ')}`;
    return { reason: 'seLinuxOptions', detail };
  };
}

/** Before there was a field for it. */
const seccompAnnotations: CheckPod = (pod) => {
  const keys = allContainers(pod).map(({ name }) => SECCOMP_CONTAINER_ANNOTATION + name);
  const forbidden = [SECCOMP_POD_ANNOTATION, ...keys].flatMap((key) => {
    const value = pod.metadata?.annotations?.[key];
    if (value === undefined || /^(runtime\/default|docker\/default|localhost\/.*)$/s.test(value)) return [];
    return `${key}=${JSON.stringify(value)}`;
  });
  if (forbidden.length === 0) return undefined;
  const texts = sortedSet(forbidden);
  const detail = `forbidden ${plural(texts.length, 'annotation')} ${texts.join(', ')}`;
  return { reason: 'seccompProfile', detail };
};

export const seccompProfiles: CheckPod = (pod) => {
  const isBad = (type: string | undefined): boolean => type !== 'RuntimeDefault' && type !== 'Localhost';
  const setters = settersOf(pod, ({ seccompProfile }) => seccompProfile !== undefined && isBad(seccompProfile.type));
  if (setters.length === 0) return undefined;
  const types = contextsOf(pod).flatMap(({ seccompProfile }) => (seccompProfile ? (seccompProfile.type ?? '') : []));
  const values = quoted(sortedSet(types.filter(isBad)));
  const detail = `${setters.join(' and ')} must not set securityContext.seccompProfile.type to ${values}`;
  return { reason: 'seccompProfile', detail };
};

function sysctls(allowed: readonly string[]): CheckPod {
  return ({ spec }) => {
    const names = (spec.securityContext?.sysctls ?? []).map(({ name }) => name);
    const bad = names.filter((name) => !allowed.includes(name));
    return bad.length === 0 ? undefined : { reason: 'forbidden sysctls', detail: bad.join(', ') };
  };
}

const hostProcess: CheckPod = (pod) => {
  const setters = settersOf(pod, ({ windowsOptions }) => windowsOptions?.hostProcess === true);
  if (setters.length === 0) return undefined;
  const detail = `${setters.join(' and ')} must not set securityContext.windowsOptions.hostProcess=true`;
  return { reason: 'hostProcess', detail };
};

export const BASELINE: readonly Check[] = [
  { id: 'appArmorProfile', since: [[0, appArmor]] },
  { id: 'capabilities_baseline', since: [[0, capabilities]] },
  { id: 'hostNamespaces', since: [[0, hostNamespaces]] },
  { id: 'hostPathVolumes', since: [[0, hostPaths]] },
  { id: 'hostPorts', since: [[0, hostPorts]] },
  { id: 'hostProbesAndHostLifecycle', since: [[34, probeHosts]] },
  { id: 'privileged', since: [[0, privileged]] },
  {
    id: 'procMount',
    since: [
      [0, procMount],
      [35, (pod) => (hasOwnUsers(pod) ? undefined : procMount(pod))],
    ],
  },
  {
    id: 'seLinuxOptions',
    since: [
      [0, seLinux(SELINUX_TYPES)],
      [31, seLinux(SELINUX_TYPES_31)],
    ],
  },
  {
    id: 'seccompProfile_baseline',
    since: [
      [0, seccompAnnotations],
      [19, seccompProfiles],
    ],
  },
  {
    id: 'sysctls',
    since: [
      [0, sysctls(SYSCTLS)],
      [27, sysctls(SYSCTLS_27)],
      [29, sysctls(SYSCTLS_29)],
      [32, sysctls(SYSCTLS_32)],
    ],
  },
  { id: 'windowsHostProcess', since: [[0, hostProcess]] },
];
