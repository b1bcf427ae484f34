/** What every namespace has from the start: its default service account, and the CA's certificate for its pods. */
import { kinds } from '../../../api/kinds.ts';
import type { ConfigMap, Namespace, ServiceAccount } from '../../../api/types/core.v1.ts';
import type { Registry } from '../../registry/port.ts';
import type { Action } from '../actions.ts';
import { targetOf } from '../actions.ts';
import type { Controller, Plan } from '../controller.ts';
import { NOTHING } from '../controller.ts';

const SERVICE_ACCOUNT = 'default';
const ROOT_CA = 'kube-root-ca.crt';

export interface NamespaceSnapshot {
  readonly namespace: Namespace;
  readonly serviceAccount: ServiceAccount | undefined;
  readonly rootCa: ConfigMap | undefined;
  /** PEM. */
  readonly certificate: string;
}

export function planDefaults({ namespace, serviceAccount, rootCa, certificate }: NamespaceSnapshot): Plan {
  if (namespace.metadata.deletionTimestamp) return { ...NOTHING, reasons: ['the namespace is being deleted'] };
  const name = namespace.metadata.name ?? '';
  const actions: Action[] = [];
  if (!serviceAccount) {
    const object: ServiceAccount = {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: SERVICE_ACCOUNT, namespace: name },
    };
    actions.push({ do: 'create', kind: kinds.serviceaccounts, object, why: 'pods without a service account use it' });
  }
  const data = { 'ca.crt': certificate };
  if (!rootCa) {
    const object: ConfigMap = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: ROOT_CA, namespace: name },
      data,
    };
    actions.push({ do: 'create', kind: kinds.configmaps, object, why: 'pods trust the API server by it' });
  } else if (rootCa.data?.['ca.crt'] !== certificate) {
    const target = targetOf(kinds.configmaps, rootCa);
    actions.push({ do: 'patch', target, patch: { data }, why: 'it does not hold the CA certificate' });
  }
  return { actions, reasons: [] };
}

export class NamespaceDefaults implements Controller {
  readonly name = 'namespace-defaults';
  private readonly registry: Registry;
  private readonly certificate: string;

  constructor({ registry, certificate }: { registry: Registry; certificate: string }) {
    this.registry = registry;
    this.certificate = certificate;
  }

  watch(enqueue: (key: string) => void): () => void {
    const namespaces = this.registry.resource(kinds.namespaces).view;
    const ends = [
      namespaces.subscribe(({ key }) => enqueue(key)),
      this.registry.resource(kinds.serviceaccounts).view.subscribe(({ object: { metadata } }) => {
        if (metadata.name === SERVICE_ACCOUNT) enqueue(metadata.namespace ?? '');
      }),
      this.registry.resource(kinds.configmaps).view.subscribe(({ object: { metadata } }) => {
        if (metadata.name === ROOT_CA) enqueue(metadata.namespace ?? '');
      }),
    ];
    for (const { metadata } of namespaces.list()) enqueue(metadata.name ?? '');
    return () => ends.forEach((end) => end());
  }

  plan(key: string): Plan {
    const namespace = this.registry.resource(kinds.namespaces).view.get(key);
    if (!namespace) return NOTHING;
    return planDefaults({
      namespace,
      serviceAccount: this.registry.resource(kinds.serviceaccounts).view.get(`${key}/${SERVICE_ACCOUNT}`),
      rootCa: this.registry.resource(kinds.configmaps).view.get(`${key}/${ROOT_CA}`),
      certificate: this.certificate,
    });
  }
}
