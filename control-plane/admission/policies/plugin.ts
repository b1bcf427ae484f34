/** Admission policies: expressions that judge a request, put into effect by bindings. */
import { forbidden, StatusError } from '../../../api/errors.ts';
import type { Kind } from '../../../api/kinds.ts';
import type { KubeObject } from '../../../api/object.ts';
import type {
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
} from '../../../api/types/admissionregistration.v1.ts';
import type { View } from '../../../lib/view.ts';
import type { Authorizer } from '../../auth/authorizer.ts';
import { Compiled } from '../compiled.ts';
import { accessBindings } from '../matching/access.ts';
import { isExempt } from '../matching/exempt.ts';
import { shownRequest, typed } from '../matching/input.ts';
import { type MatchSources, RequestMatcher } from '../matching/matcher.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../../registry/admission.ts';
import type { Convert } from '../webhooks/caller.ts';
import { collectParams, ConfigurationError, type ParamSources } from './params.ts';
import { CompiledPolicy, type Denial } from './policy.ts';

const CODES: Readonly<Record<string, number>> = {
  Unauthorized: 401,
  Forbidden: 403,
  RequestEntityTooLarge: 413,
};

export interface AdmissionPoliciesOptions {
  policies: View<ValidatingAdmissionPolicy>;
  bindings: View<ValidatingAdmissionPolicyBinding>;
  sources: MatchSources;
  params: ParamSources;
  namespace: (name: string) => KubeObject | undefined;
  authorizers: readonly Authorizer[];
  convert: Convert;
}

interface BoundPolicy {
  readonly policy: CompiledPolicy;
  readonly bindings: readonly {
    readonly binding: ValidatingAdmissionPolicyBinding;
    readonly matcher: RequestMatcher;
  }[];
}

interface Denied extends Denial {
  readonly policy: string;
  /** undefined when the policy itself is at fault. */
  readonly binding: string | undefined;
}

export class AdmissionPolicies implements AdmissionPlugin {
  readonly name = 'ValidatingAdmissionPolicy';
  private readonly options: AdmissionPoliciesOptions;
  private readonly policies: Compiled<ValidatingAdmissionPolicy, readonly CompiledPolicy[]>;
  private readonly bindings: Compiled<ValidatingAdmissionPolicyBinding, ReadonlyMap<string, BoundPolicy['bindings']>>;

  constructor(options: AdmissionPoliciesOptions) {
    this.options = options;
    const { sources } = options;
    this.policies = new Compiled([options.policies], (objects) =>
      objects.map((policy) => new CompiledPolicy(policy, sources)),
    );
    this.bindings = new Compiled([options.bindings], (objects) => {
      const matched = objects.map((binding) => ({
        binding,
        matcher: new RequestMatcher(binding.spec.matchResources ?? {}, sources, { withoutRules: 'all' }),
      }));
      return Map.groupBy(matched, ({ binding }) => binding.spec.policyName ?? '');
    });
  }

  handles(request: AdmissionRequest): boolean {
    // A policy without a binding is in no effect.
    return !this.policies.isEmpty && !this.bindings.isEmpty && !isExempt(request);
  }

  async validate(request: AdmissionRequest): Promise<void> {
    const denied: Denied[] = [];
    for (const policy of this.policies.get()) {
      const bindings = this.bindings.get().get(policy.name);
      const kind = bindings ? policy.matcher.match(request) : undefined;
      if (bindings && kind) denied.push(...(await this.judge({ policy, bindings }, request, kind)));
    }
    const [first] = denied;
    if (first) throw refusal(request, first);
  }

  private async judge({ policy, bindings }: BoundPolicy, request: AdmissionRequest, kind: Kind): Promise<Denied[]> {
    const denied: Denied[] = [];
    let shared: Readonly<Record<string, unknown>> | undefined;
    for (const { binding, matcher } of bindings) {
      if (!matcher.match(request)) continue;
      try {
        const { paramKind } = policy.policy.spec;
        const params = collectParams(this.options.params, paramKind, binding.spec.paramRef, request.namespace);
        shared ??= await this.variables(request, kind);
        for (const param of params) denied.push(...judgeOne(policy, binding, request, { ...shared, params: param }));
      } catch (error) {
        if (!(error instanceof ConfigurationError)) throw error;
        if (policy.ignoresFailure) continue;
        const name = error.of === 'policy' ? undefined : binding.metadata.name;
        denied.push({ index: -1, message: error.message, reason: 'Invalid', policy: policy.name, binding: name });
      }
    }
    return denied;
  }

  private async variables(request: AdmissionRequest, kind: Kind): Promise<Readonly<Record<string, unknown>>> {
    const { convert, namespace, authorizers } = this.options;
    const [object, oldObject] = await Promise.all(
      [request.object, request.previous].map(async (each) => {
        return typed(each && kind !== request.kind ? await convert(each, request.kind, kind) : each, kind, request);
      }),
    );
    const isNamespace = kind.group === '' && kind.kind === 'Namespace';
    const inNamespace = isNamespace || request.namespace === '' ? undefined : namespace(request.namespace);
    return {
      object: object ?? null,
      oldObject: oldObject ?? null,
      request: shownRequest(request, kind),
      namespaceObject: inNamespace ?? null,
      ...accessBindings(authorizers, request),
    };
  }
}

/** What is denied; warnings are given on the way. */
function judgeOne(
  policy: CompiledPolicy,
  { metadata: { name: binding = '' }, spec }: ValidatingAdmissionPolicyBinding,
  request: AdmissionRequest,
  bindings: Readonly<Record<string, unknown>>,
): Denied[] {
  const { denials = [], annotations = [] } = policy.judge(bindings) ?? {};
  const actions = spec.validationActions ?? [];
  for (const { key, value } of annotations) request.annotate?.(`${policy.name}/${key}`, value);
  if (denials.length === 0) return [];
  if (actions.includes('Warn')) {
    for (const { message } of denials) {
      const what = `ValidatingAdmissionPolicy '${policy.name}' with binding '${binding}'`;
      request.warn(`Validation failed for ${what}: ${message}`);
    }
  }
  if (actions.includes('Audit')) {
    const failures = denials.map(({ index, message }) => ({
      message,
      policy: policy.name,
      binding,
      expressionIndex: index,
      validationActions: actions,
    }));
    request.annotate?.('validation.policy.admission.k8s.io/validation_failure', JSON.stringify(failures));
  }
  if (!actions.includes('Deny')) return [];
  return denials.map((denial) => ({ ...denial, policy: policy.name, binding }));
}

function refusal({ kind, name }: AdmissionRequest, { policy, binding, message, reason }: Denied): StatusError {
  const who = `ValidatingAdmissionPolicy '${policy}'${binding === undefined ? '' : ` with binding '${binding}'`}`;
  const why = `${who} denied request: ${message}`;
  const { message: full, details } = forbidden(kind, name, why);
  return new StatusError({
    code: CODES[reason] ?? 422,
    reason,
    message: full,
    details: { ...details, causes: [{ message: why }] },
  });
}
