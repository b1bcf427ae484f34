/** The parts of prom-client that are used here. The whole of it starts with its push gateway and cluster support: 13 MB more. */
import { createRequire } from 'node:module';
import type * as client from 'prom-client';

const load = createRequire(import.meta.url);

// The parts have no types of their own: they are those that the whole exports.
export const Counter = load('prom-client/lib/counter.js') as typeof client.Counter;
export const Gauge = load('prom-client/lib/gauge.js') as typeof client.Gauge;
export const Histogram = load('prom-client/lib/histogram.js') as typeof client.Histogram;
export const Registry = load('prom-client/lib/registry.js') as typeof client.Registry;

export type Counter<Labels extends string = string> = client.Counter<Labels>;
export type Gauge<Labels extends string = string> = client.Gauge<Labels>;
export type Histogram<Labels extends string = string> = client.Histogram<Labels>;
export type Registry = client.Registry;
