/** The parts that serve custom resources, put together. */
import { SchemaRules } from '../../api/custom/rules.ts';
import { kinds } from '../../api/kinds.ts';
import type { Codec } from '../../api/schema/codec.ts';
import type { Log } from '../../lib/log.ts';
import type { Caches } from '../registry/caches.ts';
import type { ResourceRegistry } from '../registry/registry.ts';
import { converterOf, type WebhookCaller } from './conversion-webhook.ts';
import { CustomResources } from './custom-resources.ts';

export interface CustomResourceParts {
  registry: ResourceRegistry;
  caches: Caches;
  codec: Codec;
  log: Log;
  webhooks: WebhookCaller;
  newUid: () => string;
}

/** Start it once the caches are full. */
export function customResources({
  registry,
  caches,
  codec,
  log,
  webhooks,
  newUid,
}: CustomResourceParts): CustomResources {
  const custom = new CustomResources({
    definitions: caches.of(kinds.customresourcedefinitions),
    registry,
    caches,
    codec,
    log: log.child({ component: 'custom resources' }),
    rulesOf: (schema) => SchemaRules.of(schema),
    converterOf: (definition) => converterOf(definition, { webhooks, newUid }),
  });
  registry.freshenBy(() => custom.whenFresh());
  return custom;
}
