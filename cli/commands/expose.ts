import type { Service, ServicePort, PodSpec } from '../../api/types/core.v1.ts';
import type { LabelSelector } from '../../api/types/meta.v1.ts';
import type { KubeObject } from '../../api/object.ts';
import { defineCommand } from '../command.ts';
import { CommandError, forEachAttempt } from '../errors.ts';
import { text, textOr } from '../flags.ts';
import { createFlags, createObject } from '../generators/create.ts';
import { overridden, overrideFlags } from '../overrides.ts';
import { selectObjects, selectionFlags } from '../selection.ts';

interface Exposable extends KubeObject {
  readonly spec?: PodSpec & {
    readonly selector?: LabelSelector | Readonly<Record<string, string>>;
    readonly template?: { readonly spec?: PodSpec };
    readonly ports?: readonly ServicePort[];
  };
}

export const command = defineCommand({
  summary: 'Take a deployment, replica set, pod or service and expose it as a new service',
  usage:
    '(-f FILENAME | TYPE NAME) [--port=port] [--protocol=TCP|UDP] [--target-port=number-or-name] [--name=name] [--type=type]',
  examples: ['dure expose deployment web --port=80 --target-port=8080'],
  flags: {
    ...selectionFlags,
    ...createFlags,
    ...overrideFlags,
    selector: text('A label selector to use for this service', {}),
    labels: text('Labels to apply to the service', { short: 'l' }),
    clusterIp: text("ClusterIP to be assigned to the service; 'None' for a headless service"),
    externalIp: text('Additional external IP address to accept for the service'),
    loadBalancerIp: text('IP to assign to the load balancer'),
    name: text('The name for the newly created object'),
    port: text('The port that the service should serve on'),
    protocol: textOr('TCP', 'The network protocol for the service to be created'),
    sessionAffinity: text("'None' or 'ClientIP'"),
    targetPort: text('Name or number for the port on the container that the service should direct traffic to'),
    type: textOr('ClusterIP', 'ClusterIP, NodePort, LoadBalancer, or ExternalName'),
  },
  async run({ args, flags, session }) {
    const sources = await selectObjects<Exposable>(args, { ...flags, selector: undefined }, session);
    await forEachAttempt(sources, async ({ object, name, resource }) => {
      const ports = portsOf(object, flags);
      if (ports.length === 0) throw new CommandError("couldn't find port via --port flag or introspection");
      const labels = flags.labels === undefined ? object.metadata.labels : mapOf(flags.labels);
      const service: Service = {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: flags.name ?? name, ...(labels ? { labels } : {}) },
        spec: {
          ports,
          selector: flags.selector === undefined ? selectorOf(object, resource.kind) : mapOf(flags.selector),
          ...(flags.type === 'ClusterIP' ? {} : { type: flags.type }),
          ...(flags.clusterIp === undefined ? {} : { clusterIP: flags.clusterIp }),
          ...(flags.externalIp === undefined ? {} : { externalIPs: [flags.externalIp] }),
          ...(flags.loadBalancerIp === undefined ? {} : { loadBalancerIP: flags.loadBalancerIp }),
          ...(flags.sessionAffinity === undefined ? {} : { sessionAffinity: flags.sessionAffinity }),
        },
        status: { loadBalancer: {} },
      };
      await createObject(await overridden(service, flags), flags, session, 'exposed');
    });
  },
});

function portsOf(
  { spec }: Exposable,
  flags: { port: string | undefined; protocol: string; targetPort: string | undefined },
): ServicePort[] {
  const containers = (spec?.template?.spec ?? spec)?.containers ?? [];
  const declared = containers.flatMap(({ ports = [] }) =>
    ports.map(({ containerPort, protocol = 'TCP' }) => ({ port: containerPort, protocol })),
  );
  const known = spec?.ports?.map(({ port, protocol = 'TCP' }) => ({ port, protocol })) ?? declared;
  const wanted =
    flags.port === undefined
      ? known
      : flags.port.split(',').map((port) => ({ port: Number(port), protocol: flags.protocol }));
  return wanted.map(({ port, protocol }, at) => {
    if (!Number.isInteger(port)) throw new CommandError(`--port must be a number, not "${flags.port}"`);
    const target = flags.targetPort ?? String(port);
    return {
      ...(wanted.length > 1 ? { name: `port-${at + 1}` } : {}),
      port,
      protocol,
      targetPort: /^\d+$/.test(target) ? Number(target) : target,
    };
  });
}

function selectorOf({ metadata, spec }: Exposable, kind: string): Record<string, string> {
  if (kind === 'Pod') {
    if (metadata.labels) return { ...metadata.labels };
    throw new CommandError(
      "couldn't retrieve selectors via --selector flag or introspection: the pod has no labels and cannot be exposed",
    );
  }
  const selector = spec?.selector;
  if (!selector) throw new CommandError(`cannot expose a ${kind}`);
  if (kind === 'Service') return { ...(selector as Readonly<Record<string, string>>) };
  const { matchLabels = {}, matchExpressions = [] } = selector as LabelSelector;
  if (matchExpressions.length > 0)
    throw new CommandError("couldn't convert expressions of the selector to a service's selector");
  return { ...matchLabels };
}

function mapOf(words: string): Record<string, string> {
  return Object.fromEntries(
    words.split(',').map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]),
  );
}
