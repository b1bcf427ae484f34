/** What the restricted standard asks beyond the baseline. */
import type { Container } from '../../../api/types/core.v1.ts';
import { procMount, seccompProfiles } from './baseline.ts';
import {
  allContainers,
  type Check,
  type CheckPod,
  containersText,
  hasOwnUsers,
  namesWhere,
  plural,
  quoted,
  settersOf,
  sortedSet,
} from './check.ts';

const SOURCES: ReadonlySet<string> = new Set([
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'image',
  'persistentVolumeClaim',
  'projected',
  'secret',
]);

const privilegeEscalation: CheckPod = (pod) => {
  const names = namesWhere(pod, ({ securityContext }) => securityContext?.allowPrivilegeEscalation !== false);
  if (names.length === 0) return undefined;
  const detail = `${containersText(names)} must set securityContext.allowPrivilegeEscalation=false`;
  return { reason: 'allowPrivilegeEscalation != false', detail };
};

const capabilities: CheckPod = (pod) => {
  const keeping = namesWhere(pod, ({ securityContext }) => !securityContext?.capabilities?.drop?.includes('ALL'));
  const bad = ({ securityContext }: Container): string[] =>
    (securityContext?.capabilities?.add ?? []).filter((name) => name !== 'NET_BIND_SERVICE');
  const adding = namesWhere(pod, (container) => bad(container).length > 0);
  const added = quoted(sortedSet(allContainers(pod).flatMap(bad)));
  const details = [
    ...(keeping.length > 0 ? [`${containersText(keeping)} must set securityContext.capabilities.drop=["ALL"]`] : []),
    ...(adding.length > 0
      ? [`${containersText(adding)} must not include ${added} in securityContext.capabilities.add`]
      : []),
  ];
  return details.length === 0 ? undefined : { reason: 'unrestricted capabilities', detail: details.join('; ') };
};

const volumes: CheckPod = ({ spec }) => {
  const bad = (spec.volumes ?? []).flatMap(({ name, ...sources }) => {
    const kinds = Object.keys(sources);
    return kinds.some((kind) => SOURCES.has(kind)) ? [] : { name, kind: kinds[0] ?? 'unknown' };
  });
  if (bad.length === 0) return undefined;
  const types = sortedSet(bad.map(({ kind }) => kind));
  const names = `${plural(bad.length, 'volume')} ${quoted(bad.map(({ name }) => name))}`;
  const uses = `${plural(bad.length, 'uses', 'use')} ${plural(types.length, 'restricted volume type')}`;
  return { reason: 'restricted volume types', detail: `${names} ${uses} ${quoted(types)}` };
};

const runAsNonRoot: CheckPod = (pod) => {
  const reason = 'runAsNonRoot != true';
  const setters = settersOf(pod, (context) => context.runAsNonRoot === false);
  if (setters.length > 0) {
    return { reason, detail: `${setters.join(' and ')} must not set securityContext.runAsNonRoot=false` };
  }
  if (pod.spec.securityContext?.runAsNonRoot === true) return undefined;
  const silent = namesWhere(pod, ({ securityContext }) => securityContext?.runAsNonRoot === undefined);
  if (silent.length === 0) return undefined;
  return { reason, detail: `pod or ${containersText(silent)} must set securityContext.runAsNonRoot=true` };
};

const runAsUser: CheckPod = (pod) => {
  const setters = settersOf(pod, (context) => context.runAsUser === 0);
  if (setters.length === 0) return undefined;
  return { reason: 'runAsUser=0', detail: `${setters.join(' and ')} must not set runAsUser=0` };
};

const seccomp: CheckPod = (pod) => {
  const wrong = seccompProfiles(pod);
  if (wrong || pod.spec.securityContext?.seccompProfile) return wrong;
  const silent = namesWhere(pod, ({ securityContext }) => securityContext?.seccompProfile === undefined);
  if (silent.length === 0) return undefined;
  const rule = 'must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"';
  return { reason: 'seccompProfile', detail: `pod or ${containersText(silent)} ${rule}` };
};

/** Nothing of it exists there. */
function exceptOnWindows(check: CheckPod): CheckPod {
  return (pod) => (pod.spec.os?.name === 'windows' ? undefined : check(pod));
}

function exceptWithOwnUsers(check: CheckPod): CheckPod {
  return (pod) => (hasOwnUsers(pod) ? undefined : check(pod));
}

export const RESTRICTED: readonly Check[] = [
  {
    id: 'allowPrivilegeEscalation',
    since: [
      [8, privilegeEscalation],
      [25, exceptOnWindows(privilegeEscalation)],
    ],
  },
  {
    id: 'capabilities_restricted',
    since: [
      [22, capabilities],
      [25, exceptOnWindows(capabilities)],
    ],
    replaces: 'capabilities_baseline',
  },
  { id: 'procMount_restricted', since: [[35, procMount]], replaces: 'procMount' },
  { id: 'restrictedVolumes', since: [[0, volumes]], replaces: 'hostPathVolumes' },
  {
    id: 'runAsNonRoot',
    since: [
      [0, runAsNonRoot],
      [35, exceptWithOwnUsers(runAsNonRoot)],
    ],
  },
  {
    id: 'runAsUser',
    since: [
      [23, runAsUser],
      [35, exceptWithOwnUsers(runAsUser)],
    ],
  },
  {
    id: 'seccompProfile_restricted',
    since: [
      [19, seccomp],
      [25, exceptOnWindows(seccomp)],
    ],
    replaces: 'seccompProfile_baseline',
  },
];
