/** A pod that names a runtime class takes over what the class costs and which nodes it can run on. */
import { forbidden } from '../../api/errors.ts';
import { sameJson } from '../../api/machinery/json.ts';
import type { Pod, PodSpec } from '../../api/types/core.v1.ts';
import type { RuntimeClass, Scheduling } from '../../api/types/node.v1.ts';
import type { Lookup } from './lookup.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../registry/admission.ts';

export class RuntimeClassAdmission implements AdmissionPlugin {
  readonly name = 'RuntimeClass';
  private readonly classes: Lookup<RuntimeClass>;

  constructor({ classes }: { classes: Lookup<RuntimeClass> }) {
    this.classes = classes;
  }

  handles({ kind, operation, subresource }: AdmissionRequest): boolean {
    return kind.kind === 'Pod' && operation === 'CREATE' && subresource === undefined;
  }

  async mutate(request: AdmissionRequest): Promise<void> {
    const { spec } = request.object as unknown as Pod;
    const found = await this.classOf(request, spec);
    const fixed = found?.overhead?.podFixed;
    if (found?.overhead) {
      if (spec.overhead && !sameJson(spec.overhead, fixed ?? {})) {
        throw refuse(request, "Pod's Overhead doesn't match RuntimeClass's defined Overhead");
      }
      if (fixed) spec.overhead = { ...fixed };
    } else if (spec.overhead && Object.keys(spec.overhead).length > 0) {
      throw refuse(request, 'Pod Overhead set without corresponding RuntimeClass defined Overhead');
    }
    if (found?.scheduling) applyScheduling(request, spec, found.scheduling);
  }

  private async classOf(request: AdmissionRequest, { runtimeClassName }: PodSpec): Promise<RuntimeClass | undefined> {
    if (!runtimeClassName) return undefined;
    const found = await this.classes.find('', runtimeClassName);
    if (!found) throw refuse(request, `RuntimeClass ${JSON.stringify(runtimeClassName)} not found`);
    return found;
  }
}

function applyScheduling(request: AdmissionRequest, spec: PodSpec, { nodeSelector, tolerations }: Scheduling): void {
  for (const [key, value] of Object.entries(nodeSelector ?? {})) {
    const own = spec.nodeSelector?.[key];
    if (own !== undefined && own !== value) {
      const why = `conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${value}; pod.spec.nodeSelector[${key}] = ${own}`;
      throw forbidden(request.kind, request.name, why);
    }
  }
  if (nodeSelector) spec.nodeSelector = { ...spec.nodeSelector, ...nodeSelector };
  const own = spec.tolerations ?? [];
  const more = (tolerations ?? []).filter((each) => !own.some((other) => sameJson(each, other)));
  if (more.length > 0) spec.tolerations = [...own, ...more];
}

function refuse({ kind, name }: AdmissionRequest, why: string): Error {
  return forbidden(kind, name, `pod rejected: ${why}`);
}
