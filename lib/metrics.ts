/** Prometheus metrics. Other parts see these interfaces only. */
import { readdirSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { Counter, Gauge, Histogram, Registry } from './prometheus.ts';

export type Labels<L extends string> = Readonly<Record<L, string | number>>;

type Readings<L extends string> = Iterable<readonly [Labels<L>, number]>;

export interface CounterMetric<L extends string> {
  add(labels: Labels<L>, amount?: number): void;
}

export interface GaugeMetric<L extends string> {
  set(labels: Labels<L>, value: number): void;
  add(labels: Labels<L>, amount: number): void;
  remove(labels: Labels<L>): void;
}

export interface HistogramMetric<L extends string> {
  observe(labels: Labels<L>, value: number): void;
}

/** Kubernetes' buckets for the seconds that a request takes. */
export const REQUEST_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.5, 2, 3, 5, 10, 20, 30, 60];

/** The metrics of one program; names are as Kubernetes components use them. A name can be registered once. */
export class Metrics {
  /** For parts that keep metrics of their own. */
  readonly registry = new Registry();

  readonly contentType = this.registry.contentType;

  /**
   * Adds those of the process and of Node, under the names that all programs use. All are read when somebody looks:
   * prom-client's own set follows each garbage collection and samples the event loop a hundred times a second.
   */
  includeProcess(): void {
    const started = (Date.now() - performance.now()) / 1000;
    const cpu = (): number => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1e6;
    };
    this.counted('process_cpu_seconds_total', 'Seconds of CPU that were used.', cpu);
    this.observed('process_start_time_seconds', 'When the process was started, in seconds since 1970.', () => started);
    this.observed('process_resident_memory_bytes', 'Bytes of memory that are resident.', () =>
      process.memoryUsage.rss(),
    );
    this.observed('process_open_fds', 'File descriptors that are open.', () => readdirSync('/proc/self/fd').length);
    const memory = (part: 'heapUsed' | 'heapTotal' | 'external') => () => process.memoryUsage()[part];
    this.observed('nodejs_heap_size_used_bytes', 'Bytes of the heap that are in use.', memory('heapUsed'));
    this.observed('nodejs_heap_size_total_bytes', 'Bytes of the heap.', memory('heapTotal'));
    this.observed('nodejs_external_memory_bytes', 'Bytes outside of the heap that it keeps.', memory('external'));
    this.counted(
      'nodejs_eventloop_active_seconds_total',
      'Seconds in which the event loop did something.',
      () => performance.eventLoopUtilization().active / 1000,
    );
  }

  counter<L extends string = never>(name: string, help: string, labels: readonly L[] = []): CounterMetric<L> {
    const counter = new Counter({ name, help, labelNames: labels, registers: [this.registry] });
    return { add: (values, amount = 1) => counter.inc(values, amount) };
  }

  gauge<L extends string = never>(name: string, help: string, labels: readonly L[] = []): GaugeMetric<L> {
    const gauge = new Gauge({ name, help, labelNames: labels, registers: [this.registry] });
    return {
      set: (values, value) => gauge.set(values, value),
      add: (values, amount) => gauge.inc(values, amount),
      remove: (values) => gauge.remove(values),
    };
  }

  /** A counter that something else keeps, read when somebody looks. */
  private counted(name: string, help: string, read: () => number): void {
    // oxlint-disable-next-line no-new -- a metric lives in its registry
    new Counter({
      name,
      help,
      registers: [this.registry],
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  }

  /** Counters or gauges that something else keeps, read when somebody looks; for what changes more often than that. */
  collected<L extends string>(
    type: 'counter' | 'gauge',
    name: string,
    help: string,
    labels: readonly L[],
    read: () => Readings<L> | Promise<Readings<L>>,
  ): void {
    const options = { name, help, labelNames: labels, registers: [this.registry] };
    const fill = async (metric: { reset(): void; inc(labels: Labels<L>, value: number): void }): Promise<void> => {
      const readings = await read();
      metric.reset();
      for (const [values, value] of readings) metric.inc(values, value);
    };
    const collect = function collect(this: Counter<L> | Gauge<L>): Promise<void> {
      return fill(this);
    };
    // oxlint-disable-next-line no-new -- a metric lives in its registry
    if (type === 'counter') new Counter({ ...options, collect });
    // oxlint-disable-next-line no-new -- a metric lives in its registry
    else new Gauge({ ...options, collect });
  }

  /** A gauge that is read when somebody looks. */
  observed(name: string, help: string, read: () => number): void {
    // oxlint-disable-next-line no-new -- a metric lives in its registry
    new Gauge({
      name,
      help,
      registers: [this.registry],
      collect() {
        this.set(read());
      },
    });
  }

  histogram<L extends string = never>(
    name: string,
    help: string,
    labels: readonly L[] = [],
    buckets: readonly number[] = REQUEST_SECONDS,
  ): HistogramMetric<L> {
    const histogram = new Histogram({
      name,
      help,
      labelNames: labels,
      buckets: [...buckets],
      registers: [this.registry],
    });
    return { observe: (values, value) => histogram.observe(values, value) };
  }

  /** In the text format that Prometheus reads. */
  text(): Promise<string> {
    return this.registry.metrics();
  }
}
