/** The parts that serve custom resources, put together. */
import { serviceUnavailable } from '../../api/errors.ts';
import { SchemaRules } from '../../api/custom/rules.ts';
import { kinds } from '../../api/kinds.ts';
import type { Codec } from '../../api/schema/codec.ts';
import type { Log } from '../../lib/log.ts';
import type { Caches } from '../caches.ts';
import type { ResourceRegistry } from '../registry/registry.ts';
import { CustomResources } from './custom-resources.ts';

export interface CustomResourceParts {
  registry: ResourceRegistry;
  caches: Caches;
  codec: Codec;
  log: Log;
}

/** Start it once the caches are full. */
export function customResources({ registry, caches, codec, log }: CustomResourceParts): CustomResources {
  const custom = new CustomResources({
    definitions: caches.of(kinds.customresourcedefinitions),
    registry,
    caches,
    codec,
    log: log.child({ component: 'custom resources' }),
    rulesOf: (schema) => SchemaRules.of(schema),
    converterOf: ({ spec }) =>
      spec.conversion?.strategy === 'Webhook'
        ? () => Promise.reject(serviceUnavailable('conversion webhooks are not asked yet'))
        : undefined,
  });
  registry.freshenBy(() => custom.whenFresh());
  return custom;
}
