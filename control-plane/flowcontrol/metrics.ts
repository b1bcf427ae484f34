/** What flow control reports, named as the Kubernetes API server names it. */
import type { Metrics } from '../../lib/metrics.ts';
import type { FlowCounts } from './counts.ts';
import type { Level } from './level.ts';

const PREFIX = 'apiserver_flowcontrol_';
const LEVEL = ['priority_level'] as const;
const FLOW = ['priority_level', 'flow_schema'] as const;
const SECONDS = [0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30];

type FlowLabels = Readonly<Record<(typeof FLOW)[number], string>>;

export interface FlowMetrics {
  executed(labels: FlowLabels, seconds: number): void;
  /** Of those alone that had to wait. */
  waited(labels: FlowLabels & { readonly execute: string }, seconds: number): void;
}

export interface FlowMetricsSources {
  readonly levels: () => Iterable<Level>;
  readonly fairFraction: () => number;
}

export function flowMetrics(metrics: Metrics, { levels, fairFraction }: FlowMetricsSources): FlowMetrics {
  addLevels(metrics, levels);
  addFlows(metrics, levels);
  metrics.observed(`${PREFIX}seat_fair_frac`, 'What part of its target each level gets.', fairFraction);
  const executions = metrics.histogram(
    `${PREFIX}request_execution_seconds`,
    'How long requests had their seats; watches until they had begun.',
    FLOW,
    SECONDS,
  );
  const waits = metrics.histogram(
    `${PREFIX}request_wait_duration_seconds`,
    'How long requests waited for their turn.',
    [...FLOW, 'execute'],
    SECONDS,
  );
  return {
    executed: (labels, seconds) => executions.observe(labels, seconds),
    waited: (labels, seconds) => waits.observe(labels, seconds),
  };
}

function addLevels(metrics: Metrics, levels: () => Iterable<Level>): void {
  const gauge = (name: string, help: string, read: (level: Level) => number): void =>
    metrics.collected('gauge', PREFIX + name, help, LEVEL, () =>
      [...levels()].map((level) => [{ priority_level: level.name }, read(level)] as const),
    );
  gauge('nominal_limit_seats', 'Seats by configured shares.', ({ limits }) => limits.nominal);
  gauge('lower_limit_seats', 'Seats that are never lent.', ({ limits }) => limits.lower);
  gauge('upper_limit_seats', 'Seats with all that may be borrowed.', ({ limits }) => limits.upper);
  gauge('current_limit_seats', 'Seats as they are shared out now.', ({ seats }) => seats);
  gauge('target_seats', 'Seats to reach.', ({ target }) => target);
  gauge('demand_seats_high_watermark', 'Most seats needed in the last period.', ({ used }) => used.highest);
  gauge('demand_seats_average', 'Seats needed on average in the last period.', ({ used }) => used.average);
  gauge('demand_seats_stdev', 'Standard deviation of the seats needed.', ({ used }) => used.deviation);
  gauge('demand_seats_smoothed', 'Seats needed, over many periods.', ({ used }) => used.smoothed);
}

function addFlows(metrics: Metrics, levels: () => Iterable<Level>): void {
  const all = (): FlowCounts[] => [...levels()].flatMap(({ counts }) => [...counts.values()]);
  const add = (type: 'counter' | 'gauge', name: string, help: string, read: (counts: FlowCounts) => number): void =>
    metrics.collected(type, PREFIX + name, help, FLOW, () =>
      all().map((counts) => [labelsOf(counts), read(counts)] as const),
    );
  add('gauge', 'current_inqueue_requests', 'Requests that wait.', ({ waiting }) => waiting);
  add('gauge', 'current_inqueue_seats', 'Seats that are waited for.', ({ waitingSeats }) => waitingSeats);
  add('gauge', 'current_executing_requests', 'Requests that have their seats.', ({ executing }) => executing);
  add('gauge', 'current_executing_seats', 'Seats that are taken.', ({ executingSeats }) => executingSeats);
  add('counter', 'dispatched_requests_total', 'Requests that got their seats.', ({ dispatched }) => dispatched);
  add(
    'counter',
    'request_dispatch_no_accommodation_total',
    'Times that a request had to wait for more seats than were free.',
    ({ notAccommodated }) => notAccommodated,
  );
  metrics.collected('counter', `${PREFIX}rejected_requests_total`, 'Refused requests.', [...FLOW, 'reason'], () =>
    all().flatMap((counts) =>
      Object.entries(counts.rejected).map(([reason, count]) => [{ ...labelsOf(counts), reason }, count] as const),
    ),
  );
}

function labelsOf({ level, schema }: FlowCounts): FlowLabels {
  return { priority_level: level, flow_schema: schema };
}
