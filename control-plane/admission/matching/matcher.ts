/** Whether a webhook or a policy is about a request. Made once for each, when its configuration changes. */
import type { Kind } from '../../../api/kinds.ts';
import { type Labels, selectorFromObject, type Selector } from '../../../api/machinery/selectors.ts';
import type { MatchResources } from '../../../api/types/admissionregistration.v1.ts';
import type { AdmissionRequest } from '../../registry/admission.ts';
import { compileRule, type RuleMatcher } from './rules.ts';

export interface MatchSources {
  /** The labels of a namespace; undefined when there is none of the name. */
  namespaceLabels(name: string): Labels | undefined;
  /** All versions in which the resource is served, the given one among them. */
  equivalents(kind: Kind): readonly Kind[];
}

const NO_LABELS: Labels = {};

export class RequestMatcher {
  readonly #rules: readonly RuleMatcher[];
  readonly #excluded: readonly RuleMatcher[];
  /** A match without rules is one of everything: so are those of bindings, which narrow what their policy matched. */
  readonly #matchesAll: boolean;
  readonly #equivalent: boolean;
  readonly #namespaces: Selector;
  readonly #objects: Selector;
  readonly #sources: MatchSources;

  constructor(spec: MatchResources, sources: MatchSources, options: { withoutRules: 'all' | 'none' }) {
    this.#rules = (spec.resourceRules ?? []).map(compileRule);
    this.#excluded = (spec.excludeResourceRules ?? []).map(compileRule);
    this.#matchesAll = options.withoutRules === 'all' && this.#rules.length === 0;
    this.#equivalent = spec.matchPolicy !== 'Exact';
    this.#namespaces = selectorFromObject(spec.namespaceSelector ?? {});
    this.#objects = selectorFromObject(spec.objectSelector ?? {});
    this.#sources = sources;
  }

  /** The version of the resource that a rule names, which is to be shown; undefined for no match. */
  match(request: AdmissionRequest): Kind | undefined {
    const kind = this.#matchesAll ? request.kind : this.#matchedKind(this.#rules, request);
    if (!kind || (this.#excluded.length > 0 && this.#matchedKind(this.#excluded, request))) return undefined;
    return this.#matchesNamespace(request) && this.#matchesObject(request) ? kind : undefined;
  }

  #matchedKind(rules: readonly RuleMatcher[], request: AdmissionRequest): Kind | undefined {
    if (rules.some((rule) => rule(request, request.kind))) return request.kind;
    if (!this.#equivalent) return undefined;
    const others = this.#sources.equivalents(request.kind);
    if (others.length < 2) return undefined;
    for (const rule of rules) {
      const kind = others.find((other) => rule(request, other));
      if (kind) return kind;
    }
    return undefined;
  }

  /** A namespace is selected by its own labels; what is in none is always selected. */
  #matchesNamespace(request: AdmissionRequest): boolean {
    if (this.#namespaces.isEverything) return true;
    const { kind, namespace, object, previous } = request;
    if (kind.group === '' && kind.kind === 'Namespace') {
      return this.#namespaces.matches((object ?? previous)?.metadata.labels ?? NO_LABELS);
    }
    if (namespace === '') return true;
    return this.#namespaces.matches(this.#sources.namespaceLabels(namespace) ?? NO_LABELS);
  }

  #matchesObject({ object, previous }: AdmissionRequest): boolean {
    if (this.#objects.isEverything) return true;
    return [object, previous].some(
      (each) => each?.metadata && this.#objects.matches(each.metadata.labels ?? NO_LABELS),
    );
  }
}
