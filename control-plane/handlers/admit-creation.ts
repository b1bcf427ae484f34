import type { AdmissionRequest } from '../registry/admission.ts';
import type { KubeObject } from '../../api/object.ts';
import { askedBy } from './asked.ts';
import type { HandlerOptions, ResourceExchange } from './port.ts';

/**
 * Lets admission change and judge what is created below an object, such as an eviction. Rejects with the StatusError of who
 * refuses it.
 */
export async function admitCreation(
  exchange: ResourceExchange,
  { resources: { admission } }: Pick<HandlerOptions, 'resources'>,
  object: KubeObject,
  { apiVersion, dryRun }: { apiVersion: string; dryRun: boolean },
): Promise<void> {
  const { resource, target, user } = exchange;
  const [version = '', group = ''] = apiVersion.split('/').toReversed();
  const request: AdmissionRequest = {
    operation: 'CREATE',
    kind: resource.kind,
    objectKind: { group, version, kind: object.kind ?? '' },
    namespace: target.namespace,
    name: target.name,
    subresource: target.subresource,
    object,
    previous: undefined,
    dryRun,
    user,
    ...askedBy(exchange),
  };
  await admission.mutate(request);
  await admission.validate(request);
}
