/** What a node's agent may do by HTTP: read, and report the status of its node and of the pods that run there. */
import type { Pod } from '../../api/schema/types/core.v1.ts';
import { objectKey } from '../../api/object.ts';
import type { View } from '../../lib/view.ts';
import type { RequestInfo } from '../server/request-info.ts';
import type { Authorizer, Decision } from './authorizer.ts';
import { nodeNameOf, type User } from './user.ts';

const READING = new Set(['get', 'list', 'watch']);
/** What an agent needs; secrets reach it only with the pods that use them, over its own stream. */
const READABLE = new Set(['nodes', 'pods', 'services', 'endpointslices', 'namespaces']);
const WRITING = new Set(['update', 'patch']);

export class NodeAuthorizer implements Authorizer {
  private readonly pods: View<Pod>;

  constructor(options: { readonly pods: View<Pod> }) {
    this.pods = options.pods;
  }

  authorize(user: User, info: RequestInfo): Decision {
    const nodeName = nodeNameOf(user);
    const { resource } = info;
    if (nodeName === undefined || !resource) return undefined;
    if (READING.has(info.verb)) {
      const readable = READABLE.has(resource.resource) && resource.subresource === '';
      return readable ? { allowed: true, reason: 'a node reads' } : undefined;
    }
    if (!WRITING.has(info.verb) || resource.group !== '' || resource.subresource !== 'status') return undefined;
    return this.statusOf(nodeName, resource.resource, objectKey(resource.namespace, resource.name));
  }

  private statusOf(nodeName: string, resource: string, key: string): Decision {
    if (resource === 'nodes') {
      return key === nodeName
        ? { allowed: true, reason: 'its own node' }
        : { allowed: false, reason: `node "${nodeName}" can only update its own status` };
    }
    if (resource !== 'pods') return undefined;
    return this.pods.get(key)?.spec?.nodeName === nodeName
      ? { allowed: true, reason: 'its own pod' }
      : {
          allowed: false,
          reason: `node "${nodeName}" can only update pod status for pods with spec.nodeName set to itself`,
        };
  }
}
