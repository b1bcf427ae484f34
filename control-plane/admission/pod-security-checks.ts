/** The checks of the pod security standards, each with the words for what it finds (kubernetes.io, Pod Security Standards). */
import type { Container, Pod, PodSecurityContext, SecurityContext } from '../../api/schema/types/core.v1.ts';

export type Level = 'privileged' | 'baseline' | 'restricted';

/** What was found: a short reason, and who is to blame. */
export interface Violation {
  readonly reason: string;
  readonly detail: string;
}

type Check = (pod: Pod) => Violation | undefined;

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
const SAFE_SYSCTLS: ReadonlySet<string> = new Set([
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.ping_group_range',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_rmem',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.tcp_wmem',
]);
const SELINUX_TYPES: ReadonlySet<string> = new Set([
  '',
  'container_t',
  'container_init_t',
  'container_kvm_t',
  'container_engine_t',
]);
const RESTRICTED_VOLUMES: ReadonlySet<string> = new Set([
  'name',
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'persistentVolumeClaim',
  'projected',
  'secret',
]);

function allContainers({ spec }: Pod): Container[] {
  const ephemeral = (spec.ephemeralContainers ?? []) as unknown as Container[];
  return [...(spec.initContainers ?? []), ...spec.containers, ...ephemeral];
}

function quoted(names: readonly string[]): string {
  return names.map((name) => JSON.stringify(name)).join(', ');
}

function plural(count: number, one: string, many = `${one}s`): string {
  return count === 1 ? one : many;
}

function namesWhere(pod: Pod, isBad: (container: Container) => boolean): string[] {
  return allContainers(pod)
    .filter(isBad)
    .map(({ name }) => name);
}

function containersText(names: readonly string[]): string {
  return `${plural(names.length, 'container')} ${quoted(names)}`;
}

/** Finds containers of which something is true. */
function perContainer(reason: string, what: string, isBad: (container: Container) => boolean): Check {
  return (pod) => {
    const names = namesWhere(pod, isBad);
    return names.length === 0 ? undefined : { reason, detail: `${containersText(names)} must not set ${what}` };
  };
}

const hostNamespaces: Check = ({ spec }) => {
  const set = (['hostNetwork', 'hostPID', 'hostIPC'] as const).filter((field) => spec[field]);
  const detail = set.map((field) => `${field}=true`).join(', ');
  return set.length === 0 ? undefined : { reason: 'host namespaces', detail };
};

const hostPaths: Check = ({ spec }) => {
  const names = (spec.volumes ?? []).filter(({ hostPath }) => hostPath).map(({ name }) => name);
  if (names.length === 0) return undefined;
  return { reason: 'hostPath volumes', detail: `${plural(names.length, 'volume')} ${quoted(names)}` };
};

const hostPorts: Check = (pod) => {
  const withPorts = allContainers(pod).filter(({ ports }) => ports?.some(({ hostPort }) => hostPort));
  if (withPorts.length === 0) return undefined;
  const ports = withPorts.flatMap((container) => container.ports ?? []).flatMap(({ hostPort }) => hostPort || []);
  const distinct = [...new Set(ports)].toSorted((a, b) => a - b);
  const names = withPorts.map(({ name }) => name);
  const verb = plural(names.length, 'uses', 'use');
  const text = `${containersText(names)} ${verb} ${plural(distinct.length, 'hostPort')} ${distinct.join(', ')}`;
  return { reason: 'hostPort', detail: text };
};

const badCapabilities: Check = (pod) => {
  const bad = (container: Container): string[] =>
    (container.securityContext?.capabilities?.add ?? []).filter((name) => !ADDABLE.has(name));
  const names = namesWhere(pod, (container) => bad(container).length > 0);
  if (names.length === 0) return undefined;
  const added = [...new Set(allContainers(pod).flatMap(bad))].toSorted();
  const detail = `${containersText(names)} must not include ${quoted(added)} in securityContext.capabilities.add`;
  return { reason: 'non-default capabilities', detail };
};

const restrictedCapabilities: Check = (pod) => {
  const keeping = namesWhere(pod, ({ securityContext }) => !securityContext?.capabilities?.drop?.includes('ALL'));
  const bad = (container: Container): string[] =>
    (container.securityContext?.capabilities?.add ?? []).filter((name) => name !== 'NET_BIND_SERVICE');
  const adding = namesWhere(pod, (container) => bad(container).length > 0);
  const added = [...new Set(allContainers(pod).flatMap(bad))].toSorted();
  const details = [
    ...(keeping.length > 0 ? [`${containersText(keeping)} must set securityContext.capabilities.drop=["ALL"]`] : []),
    ...(adding.length > 0
      ? [`${containersText(adding)} must not include ${quoted(added)} in securityContext.capabilities.add`]
      : []),
  ];
  return details.length === 0 ? undefined : { reason: 'unrestricted capabilities', detail: details.join('; ') };
};

type Context = PodSecurityContext & SecurityContext;

/** Finds who has a bad security context: the pod, containers, or both. */
function perContext(pod: Pod, isBad: (context: Context) => boolean): string[] {
  const bad: string[] = [];
  if (pod.spec.securityContext && isBad(pod.spec.securityContext)) bad.push('pod');
  const names = namesWhere(pod, ({ securityContext }) => securityContext !== undefined && isBad(securityContext));
  if (names.length > 0) bad.push(containersText(names));
  return bad;
}

const seLinux: Check = (pod) => {
  const isBad = ({ seLinuxOptions: options }: Context): boolean =>
    options !== undefined && (!SELINUX_TYPES.has(options.type ?? '') || Boolean(options.user) || Boolean(options.role));
  const setters = perContext(pod, isBad);
  if (setters.length === 0) return undefined;
  const contexts = [pod.spec.securityContext, ...allContainers(pod).map(({ securityContext }) => securityContext)];
  const options = contexts.flatMap((context) => context?.seLinuxOptions ?? []);
  const types = options.map(({ type = '' }) => type).filter((type) => !SELINUX_TYPES.has(type));
  const wrong = [
    ...(types.length > 0 ? [`${plural(types.length, 'type')} ${quoted([...new Set(types)].toSorted())}`] : []),
    ...(options.some(({ user }) => user) ? ['user may not be set'] : []),
    ...(options.some(({ role }) => role) ? ['role may not be set'] : []),
  ];
  const detail = `${setters.join(' and ')} set forbidden securityContext.seLinuxOptions: ${wrong.join('; ')}`;
  return { reason: 'seLinuxOptions', detail };
};

const seccompBaseline: Check = (pod) => {
  const setters = perContext(pod, ({ seccompProfile }) => seccompProfile?.type === 'Unconfined');
  if (setters.length === 0) return undefined;
  const detail = `${setters.join(' and ')} must not set securityContext.seccompProfile.type to "Unconfined"`;
  return { reason: 'seccompProfile', detail };
};

const seccompRestricted: Check = (pod) => {
  const isGood = (context: Context | undefined): boolean =>
    context?.seccompProfile?.type === 'RuntimeDefault' || context?.seccompProfile?.type === 'Localhost';
  const wrong = perContext(pod, (context) => context.seccompProfile !== undefined && !isGood(context));
  const podIsGood = isGood(pod.spec.securityContext);
  const unset = namesWhere(pod, ({ securityContext }) => !podIsGood && securityContext?.seccompProfile === undefined);
  const rule = 'securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"';
  if (wrong.length > 0) return { reason: 'seccompProfile', detail: `${wrong.join(' and ')} must set ${rule}` };
  if (unset.length === 0) return undefined;
  return { reason: 'seccompProfile', detail: `pod or ${containersText(unset)} must set ${rule}` };
};

const appArmor: Check = (pod) => {
  const setters = perContext(pod, ({ appArmorProfile }) => appArmorProfile?.type === 'Unconfined');
  if (setters.length === 0) return undefined;
  const detail = `${setters.join(' and ')} must not set AppArmor profile type to "Unconfined"`;
  return { reason: 'forbidden AppArmor profile', detail };
};

const sysctls: Check = ({ spec }) => {
  const bad = (spec.securityContext?.sysctls ?? []).map(({ name }) => name).filter((name) => !SAFE_SYSCTLS.has(name));
  return bad.length === 0 ? undefined : { reason: 'forbidden sysctls', detail: bad.join(', ') };
};

const restrictedVolumes: Check = ({ spec }) => {
  const bad = (spec.volumes ?? []).flatMap((volume) =>
    Object.keys(volume)
      .filter((source) => !RESTRICTED_VOLUMES.has(source))
      .map((source) => ({ name: volume.name, source })),
  );
  if (bad.length === 0) return undefined;
  const sources = [...new Set(bad.map(({ source }) => source))].toSorted();
  const names = bad.map(({ name }) => name);
  const verb = plural(names.length, 'uses', 'use');
  const types = `restricted volume ${plural(sources.length, 'type')} ${quoted(sources)}`;
  return {
    reason: 'restricted volume types',
    detail: `${plural(names.length, 'volume')} ${quoted(names)} ${verb} ${types}`,
  };
};

const privilegeEscalation: Check = (pod) => {
  const names = namesWhere(pod, ({ securityContext }) => securityContext?.allowPrivilegeEscalation !== false);
  if (names.length === 0) return undefined;
  const detail = `${containersText(names)} must set securityContext.allowPrivilegeEscalation=false`;
  return { reason: 'allowPrivilegeEscalation != false', detail };
};

const runAsNonRoot: Check = (pod) => {
  const rule = 'must set securityContext.runAsNonRoot=true';
  const podSays = pod.spec.securityContext?.runAsNonRoot;
  const explicit = namesWhere(pod, ({ securityContext }) => securityContext?.runAsNonRoot === false);
  if (explicit.length > 0)
    return {
      reason: 'runAsNonRoot != true',
      detail: `${containersText(explicit)} must not set securityContext.runAsNonRoot=false`,
    };
  if (podSays === true) return undefined;
  const silent = namesWhere(pod, ({ securityContext }) => securityContext?.runAsNonRoot === undefined);
  if (podSays === false)
    return { reason: 'runAsNonRoot != true', detail: `pod must not set securityContext.runAsNonRoot=false` };
  if (silent.length === 0) return undefined;
  return { reason: 'runAsNonRoot != true', detail: `pod or ${containersText(silent)} ${rule}` };
};

const runAsUser: Check = (pod) => {
  const setters = perContext(pod, ({ runAsUser: user }) => user === 0);
  if (setters.length === 0) return undefined;
  return { reason: 'runAsUser=0', detail: `${setters.join(' and ')} must not set runAsUser=0` };
};

/** Both in the order in which Kubernetes tells of them: by the name of the check. */
const BASELINE: readonly Check[] = [
  appArmor,
  badCapabilities,
  hostNamespaces,
  hostPaths,
  hostPorts,
  perContainer('privileged', 'securityContext.privileged=true', ({ securityContext }) =>
    Boolean(securityContext?.privileged),
  ),
  perContainer('procMount', 'securityContext.procMount to "Unmasked"', ({ securityContext }) =>
    Boolean(securityContext?.procMount && securityContext.procMount !== 'Default'),
  ),
  seLinux,
  seccompBaseline,
  sysctls,
];

/** Checks of the baseline that the restricted standard has in a stricter form. */
const REPLACED: ReadonlySet<Check> = new Set([badCapabilities, hostPaths, seccompBaseline]);

const RESTRICTED: readonly Check[] = [
  ...BASELINE.filter((check) => !REPLACED.has(check)),
  privilegeEscalation,
  restrictedCapabilities,
  restrictedVolumes,
  runAsNonRoot,
  runAsUser,
  seccompRestricted,
];

export function violationsOf(pod: Pod, level: Level): Violation[] {
  if (level === 'privileged') return [];
  return (level === 'baseline' ? BASELINE : RESTRICTED).flatMap((check) => check(pod) ?? []);
}

/** `host namespaces (hostNetwork=true), privileged (container "a" must not set …)`. */
export function violationsText(violations: readonly Violation[]): string {
  return violations.map(({ reason, detail }) => (detail === '' ? reason : `${reason} (${detail})`)).join(', ');
}
