/**
 * Keeps what every cluster has: the system's priority classes, its flow control, the range of service addresses,
 * and in the beginning the class of local volumes.
 */
import { type Kind, kinds } from '../../../api/kinds.ts';
import type { KubeObject } from '../../../api/object.ts';
import { SYSTEM_PRIORITIES } from '../../../api/validation/scheduling/priority-class.ts';
import type { Clock } from '../../../lib/clock.ts';
import type { Registry } from '../../registry/port.ts';
import { FIRST_RANGE } from '../../registry/allocation/service-ranges.ts';
import { timestamp } from '../../registry/metadata.ts';
import { type Controller, NOTHING, type Plan } from '../controller.ts';
import { DEFAULT_LEVELS, DEFAULT_SCHEMAS } from './flow-control.ts';
import { planDangling, planFlowControl, planPriorityClass, planServiceRange } from './plan.ts';
import { LOCAL_CLASS, planLocalClass } from './storage.ts';

export interface ClusterDefaultsOptions {
  readonly registry: Registry;
  readonly serviceCidr: string;
  readonly clock: Clock;
}

const FOLLOWED = ['priorityclasses', 'flowschemas', 'prioritylevelconfigurations', 'servicecidrs'] as const;
type Followed = (typeof FOLLOWED)[number];

export class ClusterDefaults implements Controller {
  readonly name = 'cluster-defaults';
  private readonly options: ClusterDefaultsOptions;
  private readonly schemas = new Map(DEFAULT_SCHEMAS.map((schema) => [schema.metadata.name ?? '', schema]));
  private readonly levels = new Map(DEFAULT_LEVELS.map((level) => [level.metadata.name ?? '', level]));

  constructor(options: ClusterDefaultsOptions) {
    this.options = options;
  }

  /** A key is the kind's plural, a slash, and a name. */
  watch(enqueue: (key: string) => void): () => void {
    const { registry } = this.options;
    const ends = FOLLOWED.map((plural) => {
      const { view } = registry.resource(kinds[plural] as unknown as Kind<KubeObject>);
      const end = view.subscribe(({ key }) => {
        enqueue(`${plural}/${key}`);
        if (plural === 'prioritylevelconfigurations') this.enqueueSchemasOf(key, enqueue);
      });
      for (const { metadata } of view.list()) enqueue(`${plural}/${metadata.name}`);
      return end;
    });
    for (const name of SYSTEM_PRIORITIES.keys()) enqueue(`priorityclasses/${name}`);
    for (const name of this.levels.keys()) enqueue(`prioritylevelconfigurations/${name}`);
    for (const name of this.schemas.keys()) enqueue(`flowschemas/${name}`);
    enqueue(`servicecidrs/${FIRST_RANGE}`);
    enqueue(`storageclasses/${LOCAL_CLASS}`);
    ends.push(
      registry.resource(kinds.namespaces).view.subscribe(({ key, type }) => {
        if (key === 'kube-system' && type === 'added') enqueue(`storageclasses/${LOCAL_CLASS}`);
      }),
    );
    return () => ends.forEach((end) => end());
  }

  plan(key: string): Plan {
    const slash = key.indexOf('/');
    const name = key.slice(slash + 1);
    switch (key.slice(0, slash) as Followed | 'storageclasses') {
      case 'priorityclasses':
        return this.planPriority(name);
      case 'prioritylevelconfigurations':
        return this.planLevel(name);
      case 'flowschemas':
        return this.planSchema(name);
      case 'servicecidrs':
        return this.planRange(name);
      case 'storageclasses':
        return this.planClass();
    }
  }

  private enqueueSchemasOf(level: string, enqueue: (key: string) => void): void {
    for (const { metadata, spec } of this.options.registry.resource(kinds.flowschemas).view.list()) {
      if (spec.priorityLevelConfiguration.name === level) enqueue(`flowschemas/${metadata.name}`);
    }
  }

  private planPriority(name: string): Plan {
    const value = SYSTEM_PRIORITIES.get(name);
    if (value === undefined) return NOTHING;
    return planPriorityClass(name, value, this.options.registry.resource(kinds.priorityclasses).view.get(name));
  }

  private planLevel(name: string): Plan {
    const wanted = this.levels.get(name);
    const kind = kinds.prioritylevelconfigurations;
    return wanted ? planFlowControl(kind, wanted, this.options.registry.resource(kind).view.get(name)) : NOTHING;
  }

  private planSchema(name: string): Plan {
    const { registry, clock } = this.options;
    const wanted = this.schemas.get(name);
    const existing = registry.resource(kinds.flowschemas).view.get(name);
    const plan = wanted ? planFlowControl(kinds.flowschemas, wanted, existing) : NOTHING;
    if (plan.actions.length > 0 || !existing) return plan;
    const level = registry
      .resource(kinds.prioritylevelconfigurations)
      .view.get(existing.spec.priorityLevelConfiguration.name);
    return planDangling(existing, level, timestamp(clock.date()));
  }

  private planClass(): Plan {
    const { registry } = this.options;
    const system = registry.resource(kinds.namespaces).view.get('kube-system');
    return planLocalClass(system, [...registry.resource(kinds.storageclasses).view.list()]);
  }

  private planRange(name: string): Plan {
    const { registry, serviceCidr } = this.options;
    if (name !== FIRST_RANGE) return NOTHING;
    return planServiceRange(serviceCidr, registry.resource(kinds.servicecidrs).view.get(name));
  }
}
