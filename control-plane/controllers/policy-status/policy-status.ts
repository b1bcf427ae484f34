/** Tells in the status of each admission policy what its expressions get wrong about the kinds it is about. */
import { typeCheck, type CheckedKind } from '../../../api/admission/type-check.ts';
import type { CelType } from '../../../api/cel/types.ts';
import { apiVersionOf, type Kind, kinds } from '../../../api/kinds.ts';
import type { ValidatingAdmissionPolicy } from '../../../api/types/admissionregistration.v1.ts';
import type { Registry } from '../../registry/port.ts';
import { targetOf } from '../actions.ts';
import { type Controller, NOTHING, type Plan } from '../controller.ts';

/** A policy about more kinds is checked for these many. */
const MAX_KINDS = 10;

export interface PolicyStatusOptions {
  readonly registry: Registry;
  /** What expressions see of objects of a kind; undefined when nothing is known of it. */
  readonly typeOf: (kind: Kind) => CelType | undefined;
}

export class PolicyStatusController implements Controller {
  readonly name = 'policy-status';
  private readonly options: PolicyStatusOptions;

  constructor(options: PolicyStatusOptions) {
    this.options = options;
  }

  watch(enqueue: (key: string) => void): () => void {
    const { view } = this.options.registry.resource(kinds.validatingadmissionpolicies);
    for (const { metadata } of view.list()) enqueue(metadata.name ?? '');
    return view.subscribe(({ type, object }) => {
      if (type !== 'deleted') enqueue(object.metadata.name ?? '');
    });
  }

  plan(name: string): Plan {
    const { registry, typeOf } = this.options;
    const policy = registry.resource(kinds.validatingadmissionpolicies).view.get(name);
    if (!policy || policy.status.observedGeneration === policy.metadata.generation) return NOTHING;
    const { paramKind } = policy.spec;
    const paramRow = paramKind && registry.kindOf(paramKind.apiVersion ?? '', paramKind.kind ?? '');
    const warnings = typeCheck(policy.spec, this.kindsOf(policy), paramRow && typeOf(paramRow));
    const status = {
      ...policy.status,
      observedGeneration: policy.metadata.generation,
      typeChecking: warnings.length > 0 ? { expressionWarnings: warnings } : {},
    };
    const target = targetOf(kinds.validatingadmissionpolicies, policy);
    const why = 'its expressions were checked';
    return { actions: [{ do: 'set-status', target, status, why }], reasons: [] };
  }

  /** Those that its rules name; a wildcard names none. */
  private kindsOf({ spec }: ValidatingAdmissionPolicy): CheckedKind[] {
    const { registry, typeOf } = this.options;
    const rules = spec.matchConstraints?.resourceRules ?? [];
    const found: CheckedKind[] = [];
    for (const kind of registry.kinds()) {
      const isNamed = rules.some(({ apiGroups = [], apiVersions = [], resources = [] }) => {
        return apiGroups.includes(kind.group) && apiVersions.includes(kind.version) && resources.includes(kind.plural);
      });
      const type = isNamed && found.length < MAX_KINDS ? typeOf(kind) : undefined;
      if (type) found.push({ text: textOf(kind), type });
    }
    return found.toSorted((a, b) => (a.text < b.text ? -1 : 1));
  }
}

function textOf(kind: Kind): string {
  return kind.group === '' ? `/${kind.version}, Kind=${kind.kind}` : `${apiVersionOf(kind)}, Kind=${kind.kind}`;
}
