/** One webhook of a configuration, made ready when the configuration changes. */
import type { Kind } from '../../../api/kinds.ts';
import type { MutatingWebhook, ValidatingWebhook } from '../../../api/types/admissionregistration.v1.ts';
import { MatchConditions } from '../matching/conditions.ts';
import { type MatchSources, RequestMatcher } from '../matching/matcher.ts';
import type { AdmissionRequest } from '../../registry/admission.ts';

const DEFAULT_TIMEOUT_SECONDS = 10;

export class Hook {
  /** Unique, also among configurations. */
  readonly id: string;
  readonly spec: ValidatingWebhook | MutatingWebhook;
  /** undefined when there are none. */
  readonly conditions: MatchConditions | undefined;
  readonly #matcher: RequestMatcher;

  constructor(configuration: string, spec: ValidatingWebhook | MutatingWebhook, sources: MatchSources) {
    this.id = `${configuration}/${spec.name}`;
    this.spec = spec;
    const { rules = [], matchPolicy, namespaceSelector, objectSelector, matchConditions } = spec;
    const match = {
      resourceRules: rules,
      ...(matchPolicy ? { matchPolicy } : {}),
      ...(namespaceSelector ? { namespaceSelector } : {}),
      ...(objectSelector ? { objectSelector } : {}),
    };
    this.#matcher = new RequestMatcher(match, sources, { withoutRules: 'none' });
    this.conditions = matchConditions?.length ? new MatchConditions(matchConditions, { hasParams: false }) : undefined;
  }

  get name(): string {
    return this.spec.name;
  }

  get ignoresFailure(): boolean {
    return this.spec.failurePolicy === 'Ignore';
  }

  get isReinvocable(): boolean {
    return 'reinvocationPolicy' in this.spec && this.spec.reinvocationPolicy === 'IfNeeded';
  }

  get timeoutSeconds(): number {
    return this.spec.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS;
  }

  /** Whether a request that writes nothing may be shown to it. */
  get allowsDryRun(): boolean {
    return this.spec.sideEffects === 'None' || this.spec.sideEffects === 'NoneOnDryRun';
  }

  match(request: AdmissionRequest): Kind | undefined {
    return this.#matcher.match(request);
  }
}
