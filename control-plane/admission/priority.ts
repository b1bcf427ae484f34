/** Gives each pod its number and its manners from its priority class, and keeps the classes in order. */
import { forbidden } from '../../api/errors.ts';
import type { Pod } from '../../api/types/core.v1.ts';
import type { PriorityClass } from '../../api/types/scheduling.v1.ts';
import { SYSTEM_PRIORITIES } from '../../api/validation/scheduling/priority-class.ts';
import type { Lookup } from './lookup.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../registry/admission.ts';

const PREEMPT = 'PreemptLowerPriority';

/** What a class means for its pods. */
interface Priority {
  readonly className: string;
  readonly value: number;
  readonly policy: string;
}

export class PriorityAdmission implements AdmissionPlugin {
  readonly name = 'Priority';
  private readonly classes: Lookup<PriorityClass>;

  constructor({ classes }: { classes: Lookup<PriorityClass> }) {
    this.classes = classes;
  }

  handles({ kind, operation, subresource }: AdmissionRequest): boolean {
    if (subresource !== undefined) return false;
    return kind.kind === 'PriorityClass' || (kind.kind === 'Pod' && operation === 'CREATE');
  }

  async mutate(request: AdmissionRequest): Promise<void> {
    if (request.kind.kind !== 'Pod') return;
    const { spec } = request.object as unknown as Pod;
    const { className, value, policy } = await this.priorityOf(request, spec.priorityClassName ?? '');
    if (className !== '') spec.priorityClassName = className;
    const computed = 'from the given PriorityClass name';
    if (spec.priority !== undefined && spec.priority !== value) {
      const why = `the integer value of priority (${spec.priority}) must not be provided in pod spec; priority admission controller computed ${value} ${computed}`;
      throw forbidden(request.kind, request.name, why);
    }
    if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== policy) {
      const why = `the string value of PreemptionPolicy (${spec.preemptionPolicy}) must not be provided in pod spec; priority admission controller computed ${policy} ${computed}`;
      throw forbidden(request.kind, request.name, why);
    }
    spec.priority = value;
    spec.preemptionPolicy = policy;
  }

  validate({ kind, name, operation, object }: AdmissionRequest): void {
    if (kind.kind !== 'PriorityClass') return;
    if (operation === 'DELETE') {
      if (SYSTEM_PRIORITIES.has(name)) {
        throw forbidden(kind, name, 'this is a system priority class and cannot be deleted');
      }
      return;
    }
    if (!(object as unknown as PriorityClass).globalDefault) return;
    const other = this.defaultClass();
    if (!other || other.metadata.name === name) return;
    const why = `PriorityClass ${other.metadata.name} is already marked as default. Only one default can exist`;
    throw forbidden(kind, name, why);
  }

  private async priorityOf({ kind, name }: AdmissionRequest, className: string): Promise<Priority> {
    const found = className === '' ? this.defaultClass() : await this.classes.find('', className);
    if (found) {
      const { metadata, value, preemptionPolicy = PREEMPT } = found;
      return { className: metadata.name ?? '', value, policy: preemptionPolicy };
    }
    // The cluster's own parts may come before the leader has made the classes that they name.
    const value = className === '' ? 0 : SYSTEM_PRIORITIES.get(className);
    if (value === undefined) throw forbidden(kind, name, `no PriorityClass with name ${className} was found`);
    return { className, value, policy: PREEMPT };
  }

  /** Two may have been made at the same moment; the lower one counts. */
  private defaultClass(): PriorityClass | undefined {
    let lowest: PriorityClass | undefined;
    for (const each of this.classes.all()) {
      if (each.globalDefault && (!lowest || each.value < lowest.value)) lowest = each;
    }
    return lowest;
  }
}
