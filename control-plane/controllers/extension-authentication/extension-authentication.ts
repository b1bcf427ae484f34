/** Tells extension API servers whom to believe: which authority signs clients, and which the front proxy of the servers. */
import { kinds } from '../../../api/kinds.ts';
import type { ConfigMap } from '../../../api/types/core.v1.ts';
import type { Registry } from '../../registry/port.ts';
import { targetOf } from '../actions.ts';
import { type Controller, NOTHING, type Plan } from '../controller.ts';

const NAMESPACE = 'kube-system';
const NAME = 'extension-apiserver-authentication';
const KEY = `${NAMESPACE}/${NAME}`;

export interface Authorities {
  /** PEM. */
  readonly client: string;
  readonly frontProxy: string;
  /** The common name of the front proxy. */
  readonly frontProxyName: string;
}

export interface ExtensionAuthenticationOptions {
  readonly registry: Registry;
  readonly authorities: Authorities;
}

export class ExtensionAuthentication implements Controller {
  readonly name = 'extension-authentication';
  private readonly options: ExtensionAuthenticationOptions;

  constructor(options: ExtensionAuthenticationOptions) {
    this.options = options;
  }

  watch(enqueue: (key: string) => void): () => void {
    const { registry } = this.options;
    const ends = [
      registry.resource(kinds.configmaps).view.subscribe(({ key }) => {
        if (key === KEY) enqueue(KEY);
      }),
      registry.resource(kinds.namespaces).view.subscribe(({ key }) => {
        if (key === NAMESPACE) enqueue(KEY);
      }),
    ];
    enqueue(KEY);
    return () => ends.forEach((end) => end());
  }

  plan(): Plan {
    const { registry, authorities } = this.options;
    const hasNamespace = registry.resource(kinds.namespaces).view.get(NAMESPACE) !== undefined;
    if (!hasNamespace) return { ...NOTHING, reasons: [`there is no namespace ${NAMESPACE} yet`] };
    return planExtensionAuthentication(authorities, registry.resource(kinds.configmaps).view.get(KEY));
  }
}

/** What else the map holds stays there. */
export function planExtensionAuthentication(authorities: Authorities, existing: ConfigMap | undefined): Plan {
  const data = dataOf(authorities);
  if (!existing) {
    const metadata = { name: NAME, namespace: NAMESPACE };
    const object: ConfigMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data };
    const why = 'extension API servers know by it whom to believe';
    return { actions: [{ do: 'create', kind: kinds.configmaps, object, why }], reasons: [] };
  }
  if (Object.entries(data).every(([name, value]) => existing.data?.[name] === value)) return NOTHING;
  const target = targetOf(kinds.configmaps, existing);
  return { actions: [{ do: 'patch', target, patch: { data }, why: 'it names other authorities' }], reasons: [] };
}

function dataOf({ client, frontProxy, frontProxyName }: Authorities): Record<string, string> {
  return {
    'client-ca-file': client,
    'requestheader-allowed-names': JSON.stringify([frontProxyName]),
    'requestheader-client-ca-file': frontProxy,
    'requestheader-extra-headers-prefix': JSON.stringify(['X-Remote-Extra-']),
    'requestheader-group-headers': JSON.stringify(['X-Remote-Group']),
    'requestheader-uid-headers': JSON.stringify(['X-Remote-Uid']),
    'requestheader-username-headers': JSON.stringify(['X-Remote-User']),
  };
}
