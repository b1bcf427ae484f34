/** The admission that users configure: webhooks and policies, made of the parts of a server. */
import type { Codec } from '../../api/schema/codec.ts';
import { type Kind, kinds, storedKindOf } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/object.ts';
import type { Log } from '../../lib/log.ts';
import type { View } from '../../lib/view.ts';
import type { Authorizer } from '../auth/authorizer.ts';
import type { Conversion } from '../registry/conversion.ts';
import type { Strategy } from '../registry/strategy.ts';
import type { WebhookClient } from '../webhooks/client.ts';
import type { MatchSources } from './matching/matcher.ts';
import { AdmissionPolicies } from './policies/plugin.ts';
import type { AdmissionPlugin } from '../registry/admission.ts';
import { type Convert, WebhookCaller } from './webhooks/caller.ts';
import { MutatingWebhooks } from './webhooks/mutating.ts';
import { ValidatingWebhooks } from './webhooks/validating.ts';

/** What is asked of the registry, once its resources are there. */
export interface AdmissionRegistry {
  of(kind: Kind): {
    readonly view: View<KubeObject>;
    readonly strategy: Strategy;
    readonly conversion?: Conversion | undefined;
  };
  served(): Iterable<Kind>;
  kindOf(apiVersion: string, kind: string): Kind | undefined;
  onChange(listener: () => void): () => void;
}

export interface DynamicAdmissionOptions {
  viewOf: <T extends KubeObject>(kind: Kind<T>) => View<T>;
  registry: AdmissionRegistry;
  authorizers: readonly Authorizer[];
  client: WebhookClient;
  codec: Codec;
  newUid: () => string;
  log: Log;
}

/** In the order in which they run. */
export function dynamicAdmission(options: DynamicAdmissionOptions): AdmissionPlugin[] {
  const { viewOf, registry, authorizers, client, codec, newUid, log } = options;
  const namespaces = viewOf(kinds.namespaces);
  const sources: MatchSources = {
    namespaceLabels: (name) => namespaces.get(name)?.metadata.labels,
    equivalents: equivalentsOf(registry),
  };
  const convert = converter(registry);
  const caller = new WebhookCaller({ client, authorizers, convert, newUid, log });
  return [
    new MutatingWebhooks({
      configurations: viewOf(kinds.mutatingwebhookconfigurations),
      sources,
      caller,
      convert,
      complete(kind, value) {
        const { object } = codec.decode<KubeObject>(kind.form ?? kind.schema, value, 'Ignore');
        registry.of(kind).strategy.applyDefaults(object);
        return object;
      },
    }),
    new AdmissionPolicies({
      policies: viewOf(kinds.validatingadmissionpolicies),
      bindings: viewOf(kinds.validatingadmissionpolicybindings),
      sources,
      params: {
        kindOf: (apiVersion, kind) => registry.kindOf(apiVersion, kind),
        viewOf: (kind) => registry.of(kind).view,
      },
      namespace: (name) => namespaces.get(name),
      authorizers,
      convert,
    }),
    new ValidatingWebhooks({ configurations: viewOf(kinds.validatingwebhookconfigurations), sources, caller }),
  ];
}

/** All versions in which each resource is served, looked up once until what is served changes. */
function equivalentsOf(registry: AdmissionRegistry): (kind: Kind) => readonly Kind[] {
  let known: Map<Kind, Kind[]> | undefined;
  let following = false;
  return (kind) => {
    if (!following) {
      registry.onChange(() => (known = undefined));
      following = true;
    }
    known ??= Map.groupBy(registry.served(), storedKindOf);
    return known.get(storedKindOf(kind)) ?? [];
  };
}

function converter(registry: AdmissionRegistry): Convert {
  return async (object, from, to) => {
    const stored = (await registry.of(from).conversion?.toStored(object)) ?? object;
    const conversion = registry.of(to).conversion;
    if (!conversion) return stored;
    const [served] = await conversion.toServed([stored]);
    return served ?? stored;
  };
}
