/** The controller of CustomResourceDefinitions, running on a registry: what a leading server does for them. */
import { CustomResourceDefinitionController } from '../../control-plane/controllers/custom-resource-definition/custom-resource-definition.ts';
import type { Credentials } from '../../control-plane/controllers/executors.ts';
import { Runner } from '../../control-plane/controllers/runner.ts';
import type { Registry } from '../../control-plane/registry/port.ts';
import { systemClock } from '../../lib/clock.ts';
import { silentLog } from '../../lib/log.ts';

/** This controller signs nothing. */
const unasked: Credentials = {
  signCertificate: () => Promise.reject(new Error('not asked for')),
  issueToken: () => Promise.reject(new Error('not asked for')),
};

/** Nor does it ask anybody. */
const nobody = (): Promise<never> => Promise.reject(new Error('not asked'));

export function definitionRunner(registry: Registry, whenFresh: () => Promise<void>): Runner {
  return new Runner({
    controller: new CustomResourceDefinitionController({ registry }),
    edges: { registry, events: { record: () => {} }, whenFresh, credentials: unasked, probe: nobody, empty: nobody },
    clock: systemClock,
    log: silentLog,
    nextId: () => 'aaaaa',
  });
}
