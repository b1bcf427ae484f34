/** What a profile of `debug` lets the debugging container do, and what it takes from a copy of a pod. */
import type { Container, Pod, PodSpec, SecurityContext } from '../../api/types/core.v1.ts';

/** How something is debugged: by one more container in a pod, in a copy of a pod, or in a pod on a node. */
export type Style = 'ephemeral' | 'copy' | 'node';

/** Of a copied pod. */
export interface Kept {
  readonly labels: boolean;
  readonly annotations: boolean;
  readonly liveness: boolean;
  readonly readiness: boolean;
  readonly startup: boolean;
  readonly initContainers: boolean;
}

export interface Profile {
  /** The security context of the debugging container; undefined for none. */
  security(before: SecurityContext | undefined, style: Style): SecurityContext | undefined;
  /** Of a pod on a node: whether it sees the host's network, processes and IPC. */
  readonly inHostNamespaces: boolean;
  /** Of a pod on a node: whether the host's files are below /host. */
  readonly withHostFiles: boolean;
  /** Whether a copied pod loses its labels alone, or all that {@link Kept} does not name. */
  readonly strips: 'labels' | 'all';
}

const HOST_VOLUME = 'host-root';

export const PROFILES: Readonly<Record<string, Profile>> = {
  legacy: { security: (before) => before, inHostNamespaces: true, withHostFiles: true, strips: 'labels' },
  general: {
    security: (before, style) => (style === 'node' ? undefined : withCapabilities(before, ['SYS_PTRACE'])),
    inHostNamespaces: true,
    withHostFiles: true,
    strips: 'all',
  },
  baseline: { security: () => undefined, inHostNamespaces: false, withHostFiles: false, strips: 'all' },
  restricted: {
    security: () => ({
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    }),
    inHostNamespaces: false,
    withHostFiles: false,
    strips: 'all',
  },
  netadmin: {
    security: (before) => withCapabilities(before, ['NET_ADMIN', 'NET_RAW']),
    inHostNamespaces: true,
    withHostFiles: false,
    strips: 'all',
  },
  sysadmin: {
    security: (before) => ({ ...before, privileged: true }),
    inHostNamespaces: true,
    withHostFiles: true,
    strips: 'all',
  },
};

function withCapabilities(before: SecurityContext | undefined, added: readonly string[]): SecurityContext {
  const { add = [], ...others } = before?.capabilities ?? {};
  return { ...before, capabilities: { ...others, add: [...add, ...added] } };
}

export function secured<T extends Pick<Container, 'securityContext'>>(container: T, profile: Profile, style: Style): T {
  const { securityContext, ...others } = container;
  const next = profile.security(securityContext, style);
  return { ...(others as T), ...(next ? { securityContext: next } : {}) };
}

/** `container` is the debugging container's name. */
export function onNode(spec: PodSpec, container: string, { inHostNamespaces, withHostFiles }: Profile): PodSpec {
  const mount = { name: HOST_VOLUME, mountPath: '/host' };
  return {
    ...spec,
    ...(inHostNamespaces ? { hostNetwork: true, hostPID: true, hostIPC: true } : {}),
    ...(withHostFiles
      ? {
          volumes: [...(spec.volumes ?? []), { name: HOST_VOLUME, hostPath: { path: '/' } }],
          containers: spec.containers.map((each) =>
            each.name === container ? { ...each, volumeMounts: [...(each.volumeMounts ?? []), mount] } : each,
          ),
        }
      : {}),
  };
}

/** A copied pod without what would let it be taken for the one it is a copy of, or be restarted while it is looked at. */
export function stripped({ metadata, spec, ...others }: Pod, { strips }: Profile, kept: Kept): Pod {
  const { labels, annotations, ...identity } = metadata;
  if (strips === 'labels') {
    return { ...others, metadata: { ...identity, ...(annotations ? { annotations } : {}) }, spec };
  }
  const { initContainers, ...rest } = spec;
  return {
    ...others,
    metadata: {
      ...identity,
      ...(kept.labels && labels ? { labels } : {}),
      ...(kept.annotations && annotations ? { annotations } : {}),
    },
    spec: {
      ...rest,
      ...(kept.initContainers && initContainers ? { initContainers } : {}),
      containers: spec.containers.map((container) => withoutProbes(container, kept)),
      shareProcessNamespace: spec.shareProcessNamespace ?? true,
    },
  };
}

function withoutProbes({ livenessProbe, readinessProbe, startupProbe, ...others }: Container, kept: Kept): Container {
  return {
    ...others,
    ...(kept.liveness && livenessProbe ? { livenessProbe } : {}),
    ...(kept.readiness && readinessProbe ? { readinessProbe } : {}),
    ...(kept.startup && startupProbe ? { startupProbe } : {}),
  };
}
