/** What is counted of requests, named as by Kubernetes' API server. */
import type { Metrics } from '../../lib/metrics.ts';
import { isLongRunning, type RequestInfo, type ResourceRequest } from '../http/request-info.ts';

export interface RequestMetricsOptions {
  readonly metrics: Metrics;
  /** Only resources that exist become labels: paths are made up by clients, labels must not be. */
  readonly isServed: (resource: ResourceRequest) => boolean;
}

const LABELS = ['verb', 'group', 'version', 'resource', 'subresource', 'scope'] as const;
const METHOD_NAMES: Readonly<Record<string, string>> = {
  create: 'POST',
  update: 'PUT',
  unknown: 'other',
};
const SUBRESOURCES = new Set([
  '',
  'status',
  'scale',
  'log',
  'exec',
  'attach',
  'portforward',
  'proxy',
  'binding',
  'eviction',
  'finalize',
]);

export class RequestMetrics {
  private readonly isServed: RequestMetricsOptions['isServed'];
  private readonly total;
  private readonly duration;
  private readonly current;
  private readonly lasting;

  constructor({ metrics, isServed }: RequestMetricsOptions) {
    this.isServed = isServed;
    this.total = metrics.counter('apiserver_request_total', 'Requests answered.', [...LABELS, 'code']);
    this.duration = metrics.histogram(
      'apiserver_request_duration_seconds',
      'How long requests took that end by themselves.',
      LABELS,
    );
    this.current = metrics.gauge('apiserver_current_inflight_requests', 'Requests under way.', ['request_kind']);
    this.lasting = metrics.gauge('apiserver_longrunning_requests', 'Watches, logs and streams under way.', LABELS);
  }

  /** Call what it returns with the answer's code and the seconds it took. */
  begin(info: RequestInfo): (code: number, seconds: number) => void {
    const labels = this.labelsOf(info);
    const isLasting = isLongRunning(info);
    if (isLasting) this.lasting.add(labels, 1);
    return (code, seconds) => {
      this.total.add({ ...labels, code });
      if (isLasting) this.lasting.add(labels, -1);
      else this.duration.observe(labels, seconds);
    };
  }

  inFlight(sort: 'reading' | 'changing', count: number): void {
    this.current.set({ request_kind: sort === 'reading' ? 'readOnly' : 'mutating' }, count);
  }

  private labelsOf({ verb, resource }: RequestInfo): Record<(typeof LABELS)[number], string> {
    const name = METHOD_NAMES[verb] ?? verb.toUpperCase();
    if (!resource || !this.isServed(resource) || !SUBRESOURCES.has(resource.subresource)) {
      return { verb: name, group: '', version: '', resource: '', subresource: '', scope: '' };
    }
    const scope = resource.name ? 'resource' : resource.namespace ? 'namespace' : 'cluster';
    return {
      verb: name,
      group: resource.group,
      version: resource.version,
      resource: resource.resource,
      subresource: resource.subresource,
      scope,
    };
  }
}
