/** What helps when the server refuses to create a workload's pods. */
import type { Event } from '../../api/types/core.v1.ts';
import type { Explanation } from './explanation.ts';
import { nothing } from './explanation.ts';

export interface Refused {
  /** Such as `deployment/web`. */
  readonly name: string;
  readonly namespace: string;
  /** Of its condition ReplicaFailure; '' without one. */
  readonly message: string;
  /** About it and what it owns, newest last. */
  readonly events: readonly Event[];
}

export function explainRefused({ name, namespace, message, events }: Refused): Explanation {
  const last = lastRefusal(events);
  const isNew = last !== '' && (message === '' || !last.endsWith(message));
  return {
    ...nothing,
    headline: `${name} can't create its pods.`,
    isFine: false,
    facts: [message, ...(isNew ? [`Last failure: ${last}`] : [])].filter(Boolean),
    help: helpFor(last || message, name, namespace),
  };
}

/** What the server said when it last refused a pod; '' when no event tells. */
export function lastRefusal(events: readonly Event[]): string {
  return events.findLast(({ reason }) => reason === 'FailedCreate')?.message ?? '';
}

function helpFor(message: string, name: string, namespace: string): string[] {
  const edit = `dure edit ${name} -n ${namespace}`;
  const exceeded = /exceeded quota: ([^,\s]+)/.exec(message)?.[1];
  if (exceeded) {
    return [
      `See what is used up: dure describe resourcequota ${exceeded} -n ${namespace}`,
      `Raise the quota, stop other pods there, or ask for less: ${edit}`,
    ];
  }
  const [, strict, unsaid] = /failed quota: ([^:\s]+): must specify (.+)/.exec(message) ?? [];
  if (strict) {
    return [
      `The quota ${strict} wants every pod to say how much it uses: give the containers ${unsaid} (${edit})`,
      `Or give the namespace defaults: a LimitRange with defaultRequest and default`,
    ];
  }
  if (/usage per (Container|Pod) is|limit to request ratio per/.test(message))
    return [`See the limits of the namespace: dure describe limitrange -n ${namespace}`, `Keep within them: ${edit}`];
  const priority = /no PriorityClass with name (\S+) was found/.exec(message)?.[1];
  if (priority)
    return [`Create the priority class ${priority}, or name one that exists (dure get priorityclass): ${edit}`];
  const account = /serviceaccount "([^"]+)" not found/.exec(message)?.[1];
  if (account) return [`Create it: dure create serviceaccount ${account} -n ${namespace}`];
  if (/violates PodSecurity/.test(message)) {
    return [
      `Change what it names in the pod's securityContext: ${edit}`,
      `Or let the namespace allow it: dure label namespace ${namespace} pod-security.kubernetes.io/enforce=… --overwrite`,
    ];
  }
  const [, field] = /(\S+): Forbidden: is not supported by this version of Dure/.exec(message) ?? [];
  if (field) return [`Do without ${field}: ${edit}`];
  const webhook = /admission webhook "([^"]+)" denied/.exec(message)?.[1];
  if (webhook) return [`The webhook ${webhook} refuses it: ask whoever runs it, or change the pods: ${edit}`];
  return [`Change what was refused: ${edit}`];
}
