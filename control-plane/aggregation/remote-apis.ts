/** Which versions of which groups other servers serve, as APIServices say. */
import { kinds } from '../../api/kinds.ts';
import type { APIService, ServiceReference } from '../../api/types/apiregistration.v1.ts';
import type { View } from '../../lib/view.ts';

/** An APIService whose group and version a service of the cluster serves. */
export type RemoteApi = APIService & { readonly spec: { readonly service: ServiceReference } };

/** What stays here, whatever an APIService says: nobody may take a cluster's own groups from it. */
const BUILT_IN: ReadonlySet<string> = new Set([
  ...Object.values(kinds).map(({ group }) => group),
  'authentication.k8s.io',
  'authorization.k8s.io',
]);

export function isRemote(apiService: APIService): apiService is RemoteApi {
  return apiService.spec.service !== undefined && !BUILT_IN.has(apiService.spec.group ?? '');
}

/** Whether the leader found that it answers. */
export function isAvailable({ status }: APIService): boolean {
  return status.conditions?.some((condition) => condition.type === 'Available' && condition.status === 'True') ?? false;
}

export class RemoteApis {
  private readonly view: View<APIService>;

  constructor({ view }: { view: View<APIService> }) {
    this.view = view;
  }

  /** undefined for what is served here, or nowhere. */
  find(group: string, version: string): RemoteApi | undefined {
    const found = this.view.get(`${version}.${group}`);
    return found && isRemote(found) ? found : undefined;
  }
}
