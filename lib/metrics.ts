/** Prometheus metrics. prom-client enters the project here and nowhere else. */
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

export type Labels<L extends string> = Readonly<Record<L, string | number>>;

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

  /** Adds those of the process and of Node: memory, CPU, event loop delay, garbage collection. */
  includeProcess(): void {
    collectDefaultMetrics({ register: this.registry });
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
