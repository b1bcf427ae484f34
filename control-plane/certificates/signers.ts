/** The signers that are built in, and what each of them signs. */
import type { CertificateRequest } from '../../lib/certificate-requests.ts';

export const SIGNERS = {
  /** Clients of this API: anybody whom somebody approves. */
  client: 'kubernetes.io/kube-apiserver-client',
  /** Agents of nodes, as clients of this API. */
  nodeClient: 'kubernetes.io/kube-apiserver-client-kubelet',
  /** What nodes serve. */
  nodeServing: 'kubernetes.io/kubelet-serving',
} as const;

const NODES = 'system:nodes';
const NODE_PREFIX = 'system:node:';
const OPTIONAL_USAGES = ['digital signature', 'key encipherment'];

/** Why the signer signs no such request; '' when it does, undefined for a signer that is not built in. */
export function refusalOf(
  signerName: string,
  request: CertificateRequest,
  usages: readonly string[],
): string | undefined {
  switch (signerName) {
    case SIGNERS.client:
      return clientRefusal(usages);
    case SIGNERS.nodeClient:
      return nodeClientRefusal(request, usages);
    case SIGNERS.nodeServing:
      return nodeServingRefusal(request, usages);
    default:
      return undefined;
  }
}

function clientRefusal(usages: readonly string[]): string {
  const strange = usages.find((usage) => usage !== 'client auth' && !OPTIONAL_USAGES.includes(usage));
  if (strange !== undefined) return `invalid usage for client certificate: ${strange}`;
  return usages.includes('client auth') ? '' : 'missing required usage for client certificate: client auth';
}

function nodeClientRefusal(request: CertificateRequest, usages: readonly string[]): string {
  if (!isOfNodes(request)) return 'subject organization is not system:nodes';
  if (request.dnsNames.length > 0) return 'DNS subjectAltNames are not allowed';
  if (request.emails.length > 0) return 'Email subjectAltNames are not allowed';
  if (request.addresses.length > 0) return 'IP subjectAltNames are not allowed';
  if (request.uris.length > 0) return 'URI subjectAltNames are not allowed';
  return commonNameRefusal(request) || usagesRefusal(usages, 'client auth');
}

function nodeServingRefusal(request: CertificateRequest, usages: readonly string[]): string {
  if (!isOfNodes(request)) return 'subject organization is not system:nodes';
  if (request.dnsNames.length + request.addresses.length === 0) return 'DNS or IP subjectAltName is required';
  if (request.emails.length > 0) return 'Email subjectAltNames are not allowed';
  if (request.uris.length > 0) return 'URI subjectAltNames are not allowed';
  return usagesRefusal(usages, 'server auth') || commonNameRefusal(request);
}

function isOfNodes({ organizations }: CertificateRequest): boolean {
  return organizations.length === 1 && organizations[0] === NODES;
}

function commonNameRefusal({ commonName }: CertificateRequest): string {
  return commonName.startsWith(NODE_PREFIX) ? '' : `subject common name does not begin with ${NODE_PREFIX}`;
}

/** Keys that can't encipher go without the usage. */
function usagesRefusal(usages: readonly string[], purpose: string): string {
  const wanted = ['digital signature', purpose];
  const rest = usages.filter((usage) => !wanted.includes(usage));
  const isExact =
    wanted.every((usage) => usages.includes(usage)) && rest.every((usage) => usage === 'key encipherment');
  return isExact ? '' : `usages did not match [${wanted[0]} key encipherment ${purpose}]`;
}
