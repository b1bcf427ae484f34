/** Fills in what the limit ranges of a namespace have as defaults, and refuses what lies outside of them. */
import { forbidden } from '../../api/errors.ts';
import { formatQuantity, type Quantity, toNumber } from '../../api/machinery/quantity.ts';
import type { Container, LimitRange, LimitRangeItem, PersistentVolumeClaim, Pod } from '../../api/types/core.v1.ts';
import { type Amounts, amountsOf } from '../quota/amounts.ts';
import { podAmounts } from '../quota/pod-resources.ts';
import type { Lookup } from './lookup.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../registry/admission.ts';

const ANNOTATION = 'kubernetes.io/limit-ranger';

export class LimitRanger implements AdmissionPlugin {
  readonly name = 'LimitRanger';
  private readonly ranges: Lookup<LimitRange>;

  constructor({ ranges }: { ranges: Lookup<LimitRange> }) {
    this.ranges = ranges;
  }

  handles({ kind, operation, subresource, previous }: AdmissionRequest): boolean {
    // What is on its way out is not held to anything any more.
    if (kind.group !== '' || previous?.metadata.deletionTimestamp) return false;
    if (subresource !== undefined) return kind.kind === 'Pod' && subresource === 'resize' && operation === 'UPDATE';
    if (kind.kind === 'Pod') return operation === 'CREATE';
    return kind.kind === 'PersistentVolumeClaim' && operation !== 'DELETE';
  }

  mutate({ kind, namespace, object }: AdmissionRequest): void {
    if (kind.kind !== 'Pod') return;
    for (const range of this.ranges.within(namespace)) addDefaults(object as unknown as Pod, range);
  }

  validate({ kind, name, namespace, object }: AdmissionRequest): void {
    for (const { spec } of this.ranges.within(namespace)) {
      const wrong =
        kind.kind === 'Pod'
          ? spec.limits.flatMap((item) => podMistakes(object as unknown as Pod, item))
          : spec.limits.flatMap((item) => claimMistakes(object as unknown as PersistentVolumeClaim, item));
      const distinct = [...new Set(wrong)];
      if (distinct.length === 0) continue;
      throw forbidden(kind, name, distinct.length === 1 ? (distinct[0] ?? '') : `[${distinct.join(', ')}]`);
    }
  }
}

function addDefaults(pod: Pod, { spec }: LimitRange): void {
  const items = spec.limits.filter(({ type }) => type === 'Container');
  const requests = Object.assign({}, ...items.map(({ defaultRequest }) => defaultRequest)) as Record<string, string>;
  const limits = Object.assign({}, ...items.map((item) => item.default)) as Record<string, string>;
  const notes = [
    ...pod.spec.containers.flatMap((each) => fill(each, requests, limits, 'container')),
    ...(pod.spec.initContainers ?? []).flatMap((each) => fill(each, requests, limits, 'init container')),
  ];
  if (notes.length === 0) return;
  pod.metadata.annotations = {
    ...pod.metadata.annotations,
    [ANNOTATION]: `LimitRanger plugin set: ${notes.join('; ')}`,
  };
}

function fill(
  container: Container,
  requests: Readonly<Record<string, string>>,
  limits: Readonly<Record<string, string>>,
  what: string,
): string[] {
  container.resources ??= {};
  const notes: string[] = [];
  for (const [field, defaults] of [
    ['requests', requests],
    ['limits', limits],
  ] as const) {
    const own = container.resources[field] ?? {};
    const missing = Object.keys(defaults).filter((name) => own[name] === undefined);
    if (missing.length === 0) continue;
    container.resources[field] = { ...defaults, ...own };
    notes.push(`${missing.toSorted().join(', ')} ${field.slice(0, -1)} for ${what} ${container.name}`);
  }
  return notes;
}

function podMistakes(pod: Pod, item: LimitRangeItem): string[] {
  if (item.type === 'Pod') return mistakes(item, podAmounts(pod, 'requests'), podAmounts(pod, 'limits'));
  if (item.type !== 'Container') return [];
  return [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].flatMap(({ resources }) =>
    mistakes(item, amountsOf(resources?.requests), amountsOf(resources?.limits)),
  );
}

function mistakes(item: LimitRangeItem, requests: Amounts, limits: Amounts): string[] {
  const found: (string | undefined)[] = [];
  for (const [name, least] of amountsOf(item.min)) {
    found.push(tooLittle(`minimum ${name} usage per ${item.type} is`, least, requests.get(name), limits.get(name)));
  }
  for (const [name, most] of amountsOf(item.max)) {
    found.push(tooMuch(`maximum ${name} usage per ${item.type} is`, most, requests.get(name), limits.get(name)));
  }
  for (const [name, most] of amountsOf(item.maxLimitRequestRatio)) {
    const text = `${name} max limit to request ratio per ${item.type} is`;
    found.push(tooFarApart(text, most, requests.get(name), limits.get(name)));
  }
  return found.filter((mistake) => mistake !== undefined);
}

function tooLittle(text: string, least: Quantity, request?: Quantity, limit?: Quantity): string | undefined {
  const rule = `${text} ${formatQuantity(least)}`;
  if (!request) return `${rule}.  No request is specified`;
  if (request.nanos < least.nanos) return `${rule}, but request is ${formatQuantity(request)}`;
  return limit && limit.nanos < least.nanos ? `${rule}, but limit is ${formatQuantity(limit)}` : undefined;
}

function tooMuch(text: string, most: Quantity, request?: Quantity, limit?: Quantity): string | undefined {
  const rule = `${text} ${formatQuantity(most)}`;
  if (!limit) return `${rule}.  No limit is specified`;
  if (limit.nanos > most.nanos) return `${rule}, but limit is ${formatQuantity(limit)}`;
  return request && request.nanos > most.nanos ? `${rule}, but request is ${formatQuantity(request)}` : undefined;
}

function tooFarApart(text: string, most: Quantity, request?: Quantity, limit?: Quantity): string | undefined {
  const rule = `${text} ${formatQuantity(most)}`;
  if (!request?.nanos) return `${rule}, but no request is specified or request is 0`;
  if (!limit?.nanos) return `${rule}, but no limit is specified or limit is 0`;
  const ratio = toNumber(limit) / toNumber(request);
  return ratio > toNumber(most) ? `${rule}, but provided ratio is ${ratio.toFixed(6)}` : undefined;
}

function claimMistakes({ spec }: PersistentVolumeClaim, item: LimitRangeItem): string[] {
  if (item.type !== 'PersistentVolumeClaim') return [];
  const requests = amountsOf(spec.resources?.requests);
  const found: string[] = [];
  for (const [name, least] of amountsOf(item.min)) {
    const wrong = tooLittle(`minimum ${name} usage per ${item.type} is`, least, requests.get(name));
    if (wrong !== undefined) found.push(wrong);
  }
  for (const [name, most] of amountsOf(item.max)) {
    const rule = `maximum ${name} usage per ${item.type} is ${formatQuantity(most)}`;
    const request = requests.get(name);
    if (!request) found.push(`${rule}.  No request is specified`);
    else if (request.nanos > most.nanos) found.push(`${rule}, but request is ${formatQuantity(request)}`);
  }
  return found;
}
