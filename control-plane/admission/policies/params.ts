/** The objects that a binding gives its policy as `params`. */
import { apiVersionOf, type Kind } from '../../../api/kinds.ts';
import { selectorFromObject } from '../../../api/machinery/selectors.ts';
import { objectKey, type KubeObject } from '../../../api/object.ts';
import type { ParamKind, ParamRef } from '../../../api/types/admissionregistration.v1.ts';
import type { View } from '../../../lib/view.ts';

export interface ParamSources {
  kindOf(apiVersion: string, kind: string): Kind | undefined;
  /** With the index `namespace`. */
  viewOf(kind: Kind): View<KubeObject>;
}

/** What keeps a policy or a binding from being applied. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
  readonly of: 'policy' | 'binding';

  constructor(of: 'policy' | 'binding', message: string) {
    super(`failed to configure ${of}: ${message}`);
    this.of = of;
  }
}

/** [null] when the policy has none; empty when there are none and that is allowed. Throws {@link ConfigurationError}. */
export function collectParams(
  sources: ParamSources,
  paramKind: ParamKind | undefined,
  ref: ParamRef | undefined,
  requestNamespace: string,
): readonly (KubeObject | null)[] {
  if (!paramKind) return [null];
  const { apiVersion = '', kind: kindName = '' } = paramKind;
  const kind = sources.kindOf(apiVersion, kindName);
  if (!kind) {
    const named = `${apiVersion}, Kind=${kindName}`;
    throw new ConfigurationError('policy', `failed to find resource referenced by paramKind: '${named}'`);
  }
  // Without a reference the expressions see null.
  if (!ref) return [null];
  const namespace = namespaceOf(kind, ref, requestNamespace);
  const found = find(sources.viewOf(kind), ref, namespace);
  if (found.length > 0) return found.map((object) => ({ ...object, kind: kindName, apiVersion: apiVersionOf(kind) }));
  if (ref.parameterNotFoundAction === 'Allow') return [];
  throw new ConfigurationError('binding', 'no params found for policy binding with `Deny` parameterNotFoundAction');
}

function namespaceOf(kind: Kind, { namespace = '' }: ParamRef, requestNamespace: string): string {
  if (!kind.namespaced) {
    if (namespace === '') return '';
    const why = 'paramRef.namespace must not be provided for a cluster-scoped `paramKind`';
    throw new ConfigurationError('binding', why);
  }
  const found = namespace || requestNamespace;
  if (found === '') {
    const why = "can't use namespaced paramRef in policy binding that matches cluster-scoped resources";
    throw new ConfigurationError('binding', why);
  }
  return found;
}

function find(view: View<KubeObject>, { name, selector }: ParamRef, namespace: string): KubeObject[] {
  if (name) {
    const object = view.get(objectKey(namespace, name));
    return object ? [object] : [];
  }
  const wanted = selectorFromObject(selector ?? {});
  const all = namespace === '' ? view.list() : view.byIndex('namespace', namespace);
  return [...all].filter(({ metadata }) => wanted.matches(metadata.labels));
}
