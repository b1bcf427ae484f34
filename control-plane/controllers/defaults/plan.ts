/** Plans for the objects that every cluster has besides its roles: priority classes, flow control, the service range. */
import { type Kind, kinds } from '../../../api/kinds.ts';
import { sameJson } from '../../../api/machinery/json.ts';
import type { KubeObject } from '../../../api/object.ts';
import type { FlowSchema, PriorityLevelConfiguration } from '../../../api/types/flowcontrol.v1.ts';
import type { ServiceCIDR } from '../../../api/types/networking.v1.ts';
import type { PriorityClass } from '../../../api/types/scheduling.v1.ts';
import { FIRST_RANGE } from '../../registry/allocation/service-ranges.ts';
import { targetOf } from '../actions.ts';
import { NOTHING, type Plan } from '../controller.ts';
import { AUTO_UPDATE, MANDATORY } from './flow-control.ts';

const WHY = 'every cluster has it';

function create(kind: Kind, object: KubeObject): Plan {
  return { actions: [{ do: 'create', kind, object, why: WHY }], reasons: [] };
}

export function planPriorityClass(name: string, value: number, existing: PriorityClass | undefined): Plan {
  if (existing) return NOTHING;
  const what = name === 'system-node-critical' ? 'must run on their node' : 'must run in the cluster';
  return create(
    kinds.priorityclasses as Kind,
    {
      apiVersion: 'scheduling.k8s.io/v1',
      kind: 'PriorityClass',
      metadata: { name },
      value,
      description: `Used for system critical pods that ${what}.`,
    } as unknown as KubeObject,
  );
}

/** What is there keeps its spec, unless it is mandatory, or its annotation says that the server may set it right. */
export function planFlowControl<T extends FlowSchema | PriorityLevelConfiguration>(
  kind: Kind<T>,
  wanted: T,
  existing: T | undefined,
): Plan {
  if (!existing) return create(kind as unknown as Kind, wanted);
  const isMandatory = MANDATORY.has(wanted.metadata.name ?? '');
  const isOurs = existing.metadata.annotations?.[AUTO_UPDATE] === 'true';
  if (!isMandatory && !isOurs) return { ...NOTHING, reasons: [`its annotation ${AUTO_UPDATE} does not say true`] };
  if (sameJson(existing.spec, wanted.spec) || isTunedExempt(existing)) return NOTHING;
  const target = targetOf(kind as unknown as Kind, existing);
  const why = 'it is not what every cluster has';
  return { actions: [{ do: 'patch', target, patch: { spec: wanted.spec }, why }], reasons: [] };
}

/** How much of what it does not need the exempt level lends is the operator's own choice. */
function isTunedExempt({ metadata, spec }: FlowSchema | PriorityLevelConfiguration): boolean {
  return metadata.name === 'exempt' && 'type' in spec && spec.type === 'Exempt';
}

/** A schema says of itself whether its level is missing. */
export function planDangling(schema: FlowSchema, level: PriorityLevelConfiguration | undefined, at: string): Plan {
  const name = schema.spec.priorityLevelConfiguration.name;
  const condition = level
    ? {
        type: 'Dangling',
        status: 'False',
        reason: 'Found',
        message: `This FlowSchema references the PriorityLevelConfiguration object named ${JSON.stringify(name)} and it exists`,
      }
    : {
        type: 'Dangling',
        status: 'True',
        reason: 'NotFound',
        message: `This FlowSchema references the PriorityLevelConfiguration object named ${JSON.stringify(name)} but there is no such object`,
      };
  const found = schema.status.conditions?.find(({ type }) => type === 'Dangling');
  if (found?.status === condition.status && found.message === condition.message) return NOTHING;
  const target = targetOf(kinds.flowschemas as Kind, schema);
  const why = level ? 'its level is there' : 'its level is missing';
  return { actions: [{ do: 'set-conditions', target, conditions: [condition], at, why }], reasons: [] };
}

export function planServiceRange(cidr: string, existing: ServiceCIDR | undefined): Plan {
  if (existing) return NOTHING;
  return create(
    kinds.servicecidrs as Kind,
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'ServiceCIDR',
      metadata: { name: FIRST_RANGE },
      spec: { cidrs: [cidr] },
      status: {},
    } as unknown as KubeObject,
  );
}
