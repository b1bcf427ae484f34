/** `create poddisruptionbudget`, `priorityclass`, `quota`. */
import { canonicalQuantity } from '../../api/machinery/quantity.ts';
import type { ResourceQuota } from '../../api/types/core.v1.ts';
import type { PodDisruptionBudget } from '../../api/types/policy.v1.ts';
import type { PriorityClass } from '../../api/types/scheduling.v1.ts';
import { defineCommand } from '../command.ts';
import { CommandError } from '../errors.ts';
import { integerOr, list, text, textOr, toggle } from '../flags.ts';
import { structuredSelector } from '../selector-text.ts';
import { createFlags, createObject, onlyName } from './create.ts';

export const poddisruptionbudget = defineCommand({
  summary: 'Create a pod disruption budget with the specified name',
  usage: 'NAME --selector=SELECTOR (--min-available=N | --max-unavailable=N)',
  examples: ['dure create poddisruptionbudget web --selector=app=web --min-available=50%'],
  flags: {
    ...createFlags,
    selector: text('A label selector to use for this budget; a budget is for the pods that it matches'),
    minAvailable: text('The minimum number or percentage of available pods this budget requires'),
    maxUnavailable: text('The maximum number or percentage of unavailable pods this budget requires'),
  },
  async run({ args, flags, session }) {
    const name = onlyName(args);
    const { selector, minAvailable, maxUnavailable } = flags;
    if (!selector) throw new CommandError('a selector must be specified');
    if (!minAvailable && !maxUnavailable) {
      throw new CommandError('one of min-available or max-unavailable must be specified');
    }
    if (minAvailable && maxUnavailable) {
      throw new CommandError('min-available and max-unavailable cannot be both specified');
    }
    const object: PodDisruptionBudget = {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name },
      spec: {
        ...(minAvailable ? { minAvailable: amountOf(minAvailable) } : {}),
        ...(maxUnavailable ? { maxUnavailable: amountOf(maxUnavailable) } : {}),
        selector: structuredSelector(selector),
      },
      status: { currentHealthy: 0, desiredHealthy: 0, disruptionsAllowed: 0, expectedPods: 0 },
    };
    await createObject(object, flags, session);
  },
});

function amountOf(word: string): number | string {
  return /^\d+$/.test(word) ? Number(word) : word;
}

export const priorityclass = defineCommand({
  summary: 'Create a priority class with the specified name',
  usage: 'NAME --value=VALUE [--global-default] [--preemption-policy=Never]',
  examples: ['dure create priorityclass high --value=1000'],
  flags: {
    ...createFlags,
    value: integerOr(0, 'The value of this priority class'),
    globalDefault: toggle('Whether this is the default of pods that name no priority class'),
    description: text('An arbitrary string that says when this priority class should be used'),
    preemptionPolicy: textOr('PreemptLowerPriority', 'Whether pods of lower priority give way: or Never'),
  },
  async run({ args, flags, session }) {
    const object: PriorityClass = {
      apiVersion: 'scheduling.k8s.io/v1',
      kind: 'PriorityClass',
      metadata: { name: onlyName(args) },
      value: flags.value,
      ...(flags.globalDefault ? { globalDefault: true } : {}),
      ...(flags.description === undefined ? {} : { description: flags.description }),
      preemptionPolicy: flags.preemptionPolicy,
    };
    await createObject(object, flags, session);
  },
});

export const quota = defineCommand({
  summary: 'Create a quota with the specified name',
  usage: 'NAME [--hard=key1=value1,key2=value2] [--scopes=Scope1,Scope2]',
  examples: ['dure create quota small --hard=cpu=1,memory=1Gi,pods=5'],
  flags: {
    ...createFlags,
    hard: list('A set of resource=quantity pairs that define a hard limit'),
    scopes: list('A set of quota scopes that must all match each object tracked by the quota'),
  },
  async run({ args, flags, session }) {
    const hard = Object.fromEntries(flags.hard.map(amountOfResource));
    const object: ResourceQuota = {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: onlyName(args) },
      spec: {
        ...(flags.hard.length > 0 ? { hard } : {}),
        ...(flags.scopes.length > 0 ? { scopes: [...flags.scopes] } : {}),
      },
      status: {},
    };
    await createObject(object, flags, session);
  },
});

function amountOfResource(pair: string): [string, string] {
  const [name = '', amount, ...more] = pair.split('=');
  if (name === '' || amount === undefined || more.length > 0) {
    throw new CommandError(`Invalid argument syntax ${pair}, expected <resource>=<value>`);
  }
  return [name, canonicalQuantity(amount)];
}
