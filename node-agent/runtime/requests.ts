/** From the port's words to CRI messages. */
import type {
  Confinement,
  ContainerConfig,
  ContainerResources,
  ContainerSecurity,
  SandboxConfig,
  SandboxSecurity,
} from './port.ts';

/** What of /proc and /sys an ordinary container must not read; the list Kubernetes documents for `procMount: Default`. */
const MASKED_PATHS = [
  '/proc/asound',
  '/proc/acpi',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
];
const READONLY_PATHS = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

const PROPAGATION = {
  None: 'PROPAGATION_PRIVATE',
  HostToContainer: 'PROPAGATION_HOST_TO_CONTAINER',
  Bidirectional: 'PROPAGATION_BIDIRECTIONAL',
};

export function sandboxMessage(config: SandboxConfig): object {
  const { name, namespace, uid, attempt, labels, annotations } = config;
  return {
    metadata: { name, namespace, uid, attempt },
    // On the network of the host there is no name of its own to set.
    hostname: config.hostNetwork ? '' : config.hostname,
    logDirectory: config.logDirectory,
    dnsConfig: config.dns,
    portMappings: config.portMappings,
    labels,
    annotations,
    linux: {
      cgroupParent: config.cgroupParent,
      sysctls: config.sysctls,
      securityContext: { ...identityMessage(config.security), namespaceOptions: namespaceOptions(config) },
    },
  };
}

export function containerMessage(config: ContainerConfig, sandbox: SandboxConfig): object {
  const { name, attempt, image, command, args, labels, annotations, logPath, stdin, stdinOnce, tty } = config;
  return {
    metadata: { name, attempt },
    image: { image },
    command,
    args,
    workingDir: config.workingDirectory,
    envs: config.env.map((variable) => ({ key: variable.name, value: Buffer.from(variable.value) })),
    mounts: config.mounts.map((mount) => ({ ...mount, propagation: PROPAGATION[mount.propagation] })),
    labels,
    annotations,
    logPath,
    stdin,
    stdinOnce,
    tty,
    linux: {
      resources: resourcesMessage(config.resources),
      securityContext: {
        ...securityMessage(config.security),
        namespaceOptions: { ...namespaceOptions(sandbox), ...targetOptions(config.security) },
      },
    },
  };
}

export function resourcesMessage(resources: ContainerResources): object {
  const { memoryLimitBytes, ...rest } = resources;
  return memoryLimitBytes === undefined ? rest : { ...rest, memoryLimitInBytes: memoryLimitBytes };
}

function namespaceOptions(sandbox: SandboxConfig): object {
  const ownOrShared = sandbox.shareProcessNamespace ? 'POD' : 'CONTAINER';
  return {
    network: sandbox.hostNetwork ? 'NODE' : 'POD',
    pid: sandbox.hostPid ? 'NODE' : ownOrShared,
    ipc: sandbox.hostIpc ? 'NODE' : 'POD',
  };
}

function targetOptions({ processesOf }: ContainerSecurity): object {
  return processesOf === undefined ? {} : { pid: 'TARGET', targetId: processesOf };
}

function identityMessage({ privileged, runAsUser, runAsGroup, supplementalGroups, selinux }: SandboxSecurity): object {
  return {
    privileged,
    runAsUser: runAsUser === undefined ? undefined : { value: runAsUser },
    runAsGroup: runAsGroup === undefined ? undefined : { value: runAsGroup },
    supplementalGroups,
    selinuxOptions: selinux,
  };
}

function profileMessage(confinement: Confinement): object {
  if (typeof confinement === 'string') return { profileType: confinement };
  return { profileType: 'Localhost', localhostRef: confinement.profile };
}

function securityMessage(security: ContainerSecurity): object {
  const { privileged, readonlyRootfs, noNewPrivileges, addCapabilities, dropCapabilities, seccomp, apparmor } =
    security;
  return {
    ...identityMessage(security),
    readonlyRootfs,
    noNewPrivs: noNewPrivileges,
    capabilities: { addCapabilities, dropCapabilities },
    seccomp: profileMessage(privileged ? 'Unconfined' : seccomp),
    apparmor: apparmor && profileMessage(apparmor),
    maskedPaths: privileged ? [] : MASKED_PATHS,
    readonlyPaths: privileged ? [] : READONLY_PATHS,
  };
}
