/** What FlowSchemas and PriorityLevelConfigurations come to, together with what no server can do without. */
import type { FlowSchema, PriorityLevelConfiguration } from '../../api/types/flowcontrol.v1.ts';
import { CATCH_ALL_LEVEL, EXEMPT_LEVEL, MANDATORY_FLOW_SCHEMAS } from '../../api/validation/flowcontrol/mandatory.ts';
import type { Clock } from '../../lib/clock.ts';
import type { User } from '../user.ts';
import type { RequestInfo } from '../http/request-info.ts';
import type { FlowCounts } from './counts.ts';
import { Level } from './level.ts';
import { distinguisherOf, matcherOf, type Matcher } from './matching.ts';

export interface Schema {
  readonly name: string;
  readonly uid: string;
  readonly level: Level;
  readonly counts: FlowCounts;
  readonly matches: Matcher;
  readonly distinguish: (user: User, info: RequestInfo) => string;
}

export interface Flow {
  readonly schema: Schema;
  /** Unique among all flows. */
  readonly key: string;
}

export interface Configuration {
  /** In the order in which they are asked. */
  readonly schemas: readonly Schema[];
  /** For what none of them is about. */
  readonly fallback: Schema | undefined;
  /** By name; those that are no longer wanted as well, until they are idle. */
  readonly levels: ReadonlyMap<string, Level>;
}

export interface ConfigurationSources {
  readonly schemas: Iterable<FlowSchema>;
  readonly levels: Iterable<PriorityLevelConfiguration>;
  /** Levels that stay keep who waits at them. */
  readonly before: Configuration;
  readonly clock: Clock;
}

const MANDATORY_LEVELS = [
  { name: 'exempt', spec: EXEMPT_LEVEL },
  { name: 'catch-all', spec: CATCH_ALL_LEVEL },
];
const LAST = 'catch-all';

export function configurationOf(sources: ConfigurationSources): Configuration {
  const levels = levelsOf(sources);
  const schemas = withMandatory(sources.schemas)
    .toSorted(inOrder)
    .flatMap((schema) => compiled(schema, levels) ?? []);
  for (const level of levels.values()) forgetCounts(level, schemas);
  return { schemas, fallback: schemas.find(({ name }) => name === LAST), levels };
}

function levelsOf({ levels, before, clock }: ConfigurationSources): Map<string, Level> {
  const wanted = new Map([...levels].map((level) => [level.metadata.name ?? '', level]));
  for (const { name, spec } of MANDATORY_LEVELS) {
    if (!wanted.has(name)) wanted.set(name, { metadata: { name }, spec, status: {} } as PriorityLevelConfiguration);
  }
  const result = new Map<string, Level>();
  for (const [name, configuration] of wanted) {
    const level = before.levels.get(name) ?? new Level(configuration, clock);
    level.configure(configuration);
    result.set(name, level);
  }
  for (const [name, level] of before.levels) {
    if (result.has(name)) continue;
    level.isLeftOver = true;
    if (!level.queues.isIdle) result.set(name, level);
  }
  return result;
}

function withMandatory(stored: Iterable<FlowSchema>): FlowSchema[] {
  const schemas = new Map([...stored].map((schema) => [schema.metadata.name ?? '', schema]));
  for (const [name, spec] of MANDATORY_FLOW_SCHEMAS) {
    if (!schemas.has(name)) schemas.set(name, { metadata: { name }, spec, status: {} } as FlowSchema);
  }
  return [...schemas.values()];
}

function inOrder(a: FlowSchema, b: FlowSchema): number {
  const difference = a.spec.matchingPrecedence - b.spec.matchingPrecedence;
  return difference || (nameOf(a) < nameOf(b) ? -1 : 1);
}

function nameOf({ metadata }: FlowSchema): string {
  return metadata.name ?? '';
}

/** undefined for one whose level is not there. */
function compiled(schema: FlowSchema, levels: ReadonlyMap<string, Level>): Schema | undefined {
  const level = levels.get(schema.spec.priorityLevelConfiguration.name);
  if (!level || level.isLeftOver) return undefined;
  const name = nameOf(schema);
  return {
    name,
    uid: schema.metadata.uid ?? '',
    level,
    counts: level.countsOf(name),
    matches: matcherOf(schema),
    distinguish: distinguisherOf(schema),
  };
}

function forgetCounts(level: Level, schemas: readonly Schema[]): void {
  const used = new Set(schemas.filter((schema) => schema.level === level).map(({ name }) => name));
  for (const [name, { waiting, executingSeats }] of level.counts) {
    if (!used.has(name) && waiting + executingSeats === 0) level.counts.delete(name);
  }
}
