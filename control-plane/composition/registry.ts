/** The registry of a server, with everything that has a say in what is written. */
import { randomInt, randomUUID } from 'node:crypto';
import { SchemaTypes } from '../../api/apply/schema-types.ts';
import { composeAdmission } from '../admission/compose.ts';
import { readAdmissionConfig } from '../admission/config-file.ts';
import { dynamicAdmission } from '../admission/dynamic.ts';
import { EventRateLimit } from '../admission/event-rate-limit.ts';
import type { AdmissionPlugin } from '../registry/admission.ts';
import { authorizersOf } from '../auth/authorizers.ts';
import { ResourceRegistry } from '../registry/registry.ts';
import type { Basics, Parts } from './parts.ts';

type Needed = Basics & Pick<Parts, 'table' | 'codec' | 'objects' | 'caches' | 'webhooks'>;

/** Rejects when a file that a flag names is not what it should be. */
export async function makeRegistry(parts: Needed): Promise<ResourceRegistry> {
  const { flags, clock, log, table, codec, objects, caches, webhooks } = parts;
  const eventLimits = await eventLimitsOf(parts);
  const random = (bound: number): number => randomInt(bound);
  return new ResourceRegistry({
    types: new SchemaTypes({ table, codec }),
    store: objects,
    cacheOf: (kind) => caches.of(kind),
    clock,
    log,
    newUid: randomUUID,
    random,
    serviceCidr: flags.serviceCidr,
    admission: (registry) =>
      composeAdmission({
        registry,
        clock,
        random,
        ownerPermissions: flags.enableAdmissionPlugins.includes('OwnerReferencesPermissionEnforcement'),
        further: [
          ...eventLimits,
          ...dynamicAdmission({
            viewOf: (kind) => caches.of(kind).view,
            registry,
            authorizers: authorizersOf(registry),
            client: webhooks,
            codec,
            newUid: randomUUID,
            log,
          }),
        ],
      }),
  });
}

async function eventLimitsOf({ flags, clock }: Basics): Promise<AdmissionPlugin[]> {
  const file = flags.admissionControlConfigFile;
  const limits = file ? (await readAdmissionConfig(file)).eventLimits : [];
  return limits.length > 0 ? [new EventRateLimit({ limits, clock })] : [];
}
