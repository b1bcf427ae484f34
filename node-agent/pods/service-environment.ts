/** The variables that tell a container of services: the API's always, those of its namespace unless it declines them. */
import type { Pod, Service } from '../../api/types/core.v1.ts';

export function serviceVariables(pod: Pod, services: Iterable<Service>): Map<string, string> {
  const result = new Map<string, string>();
  const withLinks = pod.spec.enableServiceLinks ?? true;
  const chosen: Service[] = [];
  for (const service of services) {
    const { namespace, name } = service.metadata;
    const isApi = namespace === 'default' && name === 'kubernetes';
    const hasAddress = service.spec.clusterIP !== undefined && !['', 'None'].includes(service.spec.clusterIP);
    if (hasAddress && (isApi || (withLinks && namespace === pod.metadata.namespace))) chosen.push(service);
  }
  // The API's service comes first, so that one of the same name in the pod's namespace wins, as in Kubernetes.
  chosen.sort((a, b) => Number(b.metadata.namespace === 'default') - Number(a.metadata.namespace === 'default'));
  for (const service of chosen) describe(service, result);
  return result;
}

function describe({ metadata, spec }: Service, into: Map<string, string>): void {
  const prefix = variableName(metadata.name ?? '');
  const address = spec.clusterIP ?? '';
  const ports = spec.ports ?? [];
  into.set(`${prefix}_SERVICE_HOST`, address);
  if (ports[0]) into.set(`${prefix}_SERVICE_PORT`, String(ports[0].port));
  for (const { name, port } of ports) if (name) into.set(`${prefix}_SERVICE_PORT_${variableName(name)}`, String(port));
  for (const [index, { port, protocol = 'TCP' }] of ports.entries()) {
    const host = address.includes(':') ? `[${address}]` : address;
    const url = `${protocol.toLowerCase()}://${host}:${port}`;
    const portPrefix = `${prefix}_PORT_${port}_${protocol.toUpperCase()}`;
    if (index === 0) into.set(`${prefix}_PORT`, url);
    into.set(portPrefix, url);
    into.set(`${portPrefix}_PROTO`, protocol.toLowerCase());
    into.set(`${portPrefix}_PORT`, String(port));
    into.set(`${portPrefix}_ADDR`, address);
  }
}

function variableName(name: string): string {
  return name.replaceAll('-', '_').toUpperCase();
}
