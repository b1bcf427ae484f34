/** Network policies. */
import type { NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort } from '../../api/types/networking.v1.ts';
import { headLines, selectorOrNone, type Lines } from './common.ts';

interface Rule {
  readonly ports: readonly NetworkPolicyPort[];
  readonly peers: readonly NetworkPolicyPeer[];
}

interface Direction {
  readonly name: 'ingress' | 'egress';
  readonly preposition: 'From' | 'To';
  readonly end: 'source' | 'destination';
}

const INGRESS: Direction = { name: 'ingress', preposition: 'From', end: 'source' };
const EGRESS: Direction = { name: 'egress', preposition: 'To', end: 'destination' };
const INDENT = '    ';

export function describeNetworkPolicy(policy: NetworkPolicy): Lines {
  const { podSelector, ingress, egress, policyTypes = [] } = policy.spec;
  const pods = selectorOrNone(podSelector);
  const [name = '', namespace = '', ...rest] = headLines(policy);
  const inward = (ingress ?? []).map(({ ports = [], from = [] }) => ({ ports, peers: from }));
  const outward = (egress ?? []).map(({ ports = [], to = [] }) => ({ ports, peers: to }));
  return [
    name,
    namespace,
    `Created on:\t${createdText(policy.metadata.creationTimestamp)}`,
    ...rest,
    'Spec:',
    `  PodSelector:     ${pods === '<none>' ? '<none> (Allowing the specific traffic to all pods in this namespace)' : pods}`,
    ...directionLines(INGRESS, inward, policyTypes.includes('Ingress')),
    ...directionLines(EGRESS, outward, policyTypes.includes('Egress')),
    `  Policy Types: ${policyTypes.join(', ')}`,
  ];
}

/** `2026-11-22 10:25:03 +0000 UTC`. */
function createdText(timestamp = ''): string {
  return `${timestamp.replace('T', ' ').replace('Z', '')} +0000 UTC`;
}

function directionLines(direction: Direction, rules: readonly Rule[], isAffected: boolean): Lines {
  const { name } = direction;
  if (!isAffected) return [`  Not affecting ${name} traffic`];
  const title = `  Allowing ${name} traffic:`;
  if (rules.length === 0) return [title, `${INDENT}<none> (Selected pods are isolated for ${name} connectivity)`];
  return [
    title,
    ...rules.flatMap((rule, at) => [
      ...portLines(rule),
      ...peerLines(rule, direction),
      ...(at === rules.length - 1 ? [] : [`${INDENT}----------`]),
    ]),
  ];
}

function portLines({ ports }: Rule): Lines {
  if (ports.length === 0) return [`${INDENT}To Port: <any> (traffic allowed to all ports)`];
  return ports.map(({ port, endPort, protocol = 'TCP' }) =>
    endPort === undefined
      ? `${INDENT}To Port: ${port ?? '<nil>'}/${protocol}`
      : `${INDENT}To Port Range: ${port}-${endPort}/${protocol}`,
  );
}

function peerLines({ peers }: Rule, { preposition, end }: Direction): Lines {
  if (peers.length === 0) return [`${INDENT}${preposition}: <any> (traffic not restricted by ${end})`];
  return peers.flatMap(({ podSelector, namespaceSelector, ipBlock }) => [
    `${INDENT}${preposition}:`,
    ...(namespaceSelector ? [`  ${INDENT}NamespaceSelector: ${selectorOrNone(namespaceSelector)}`] : []),
    ...(podSelector ? [`  ${INDENT}PodSelector: ${selectorOrNone(podSelector)}`] : []),
    ...(ipBlock && !podSelector && !namespaceSelector
      ? [
          `  ${INDENT}IPBlock:`,
          `    ${INDENT}CIDR: ${ipBlock.cidr}`,
          `    ${INDENT}Except: ${(ipBlock.except ?? []).join(', ')}`,
        ]
      : []),
  ]);
}
