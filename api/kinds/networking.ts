/** networking.k8s.io */
import type { IPAddress, Ingress, IngressClass, NetworkPolicy, ServiceCIDR } from '../types/networking.v1.ts';
import { kind } from './kind.ts';

const GROUP = 'networking.k8s.io';
const TYPES = 'io.k8s.api.networking.v1';

export const networkingKinds = {
  ingresses: kind<Ingress>({
    group: GROUP,
    kind: 'Ingress',
    plural: 'ingresses',
    shortNames: ['ing'],
    status: true,
    schema: `${TYPES}.Ingress`,
  }),
  ingressclasses: kind<IngressClass>({
    group: GROUP,
    kind: 'IngressClass',
    plural: 'ingressclasses',
    namespaced: false,
    schema: `${TYPES}.IngressClass`,
  }),
  networkpolicies: kind<NetworkPolicy>({
    group: GROUP,
    kind: 'NetworkPolicy',
    plural: 'networkpolicies',
    shortNames: ['netpol'],
    schema: `${TYPES}.NetworkPolicy`,
  }),
  ipaddresses: kind<IPAddress>({
    group: GROUP,
    kind: 'IPAddress',
    plural: 'ipaddresses',
    shortNames: ['ip'],
    namespaced: false,
    schema: `${TYPES}.IPAddress`,
  }),
  servicecidrs: kind<ServiceCIDR>({
    group: GROUP,
    kind: 'ServiceCIDR',
    plural: 'servicecidrs',
    namespaced: false,
    status: true,
    schema: `${TYPES}.ServiceCIDR`,
  }),
};
