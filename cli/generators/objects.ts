/** `create namespace`, `deployment`, `configmap`, `service`, `serviceaccount`. */
import type { Deployment } from '../../api/types/apps.v1.ts';
import type { ConfigMap, Namespace, Service, ServiceAccount, ServicePort } from '../../api/types/core.v1.ts';
import { defineCommand, type CommandModule } from '../command.ts';
import { CommandError } from '../errors.ts';
import { array, integerOr, integer, list, text } from '../flags.ts';
import { createFlags, createObject, onlyName } from './create.ts';
import { byEncoding, dataFlags, dataOf } from './data.ts';
import { appendHashFlag, withHash } from './hashed.ts';

export const namespace = defineCommand({
  summary: 'Create a namespace with the specified name',
  usage: 'NAME [--dry-run=server|client|none]',
  flags: createFlags,
  async run({ args, flags, session }) {
    const object: Namespace = {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: onlyName(args) },
      spec: {},
      status: {},
    };
    await createObject(object, flags, session);
  },
});

export const serviceaccount = defineCommand({
  summary: 'Create a service account with the specified name',
  usage: 'NAME',
  flags: createFlags,
  async run({ args, flags, session }) {
    const object: ServiceAccount = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: onlyName(args) } };
    await createObject(object, flags, session);
  },
});

export const deployment = defineCommand({
  summary: 'Create a deployment with the specified name',
  usage: 'NAME --image=image -- [COMMAND] [args...]',
  examples: ['dure create deployment web --image=nginx --replicas=3 --port=80'],
  flags: {
    ...createFlags,
    image: list('Image names to run; one container each'),
    port: integer('The containerPort that this deployment exposes'),
    replicas: integerOr(1, 'Number of replicas to create', { short: 'r' }),
  },
  async run({ args, afterDash, flags, session }) {
    const name = onlyName(args);
    const { image: images, port, replicas } = flags;
    if (images.length === 0) throw new CommandError('required flag(s) "image" not set');
    if (afterDash && images.length > 1) throw new CommandError('cannot specify multiple --image options and command');
    const labels = { app: name };
    const containers = images.map((image) => ({
      name: containerName(image),
      image,
      ...(afterDash ? { command: [...afterDash] } : {}),
      ...(port === undefined ? {} : { ports: [{ containerPort: port }] }),
      resources: {},
    }));
    const object: Deployment = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name, labels },
      spec: {
        replicas,
        selector: { matchLabels: labels },
        strategy: {},
        template: { metadata: { labels }, spec: { containers } },
      },
      status: {},
    };
    await createObject(object, flags, session);
  },
});

/** The last part of the image's name, as far as a container may be called so. */
function containerName(image: string): string {
  const last = image.slice(image.lastIndexOf('/') + 1);
  return last.replace(/[:@].*$/, '').replaceAll(/[^a-z0-9-]/g, '-');
}

export const configmap = defineCommand({
  summary: 'Create a config map from a local file, directory or literal value',
  usage: 'NAME [--from-file=[key=]source] [--from-literal=key1=value1]',
  flags: { ...createFlags, ...dataFlags, appendHash: appendHashFlag },
  async run({ args, flags, session }) {
    const { text: texts, binary } = byEncoding(dataOf(flags));
    const object: ConfigMap = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: onlyName(args) },
      ...(texts.length > 0 ? { data: Object.fromEntries(texts) } : {}),
      ...(binary.length > 0 ? { binaryData: Object.fromEntries(binary) } : {}),
    };
    await createObject(flags.appendHash ? withHash(object) : object, flags, session);
  },
});

const serviceFlags = {
  ...createFlags,
  tcp: array('Port pairs: <port>:<targetPort>'),
  clusterip: text('Assign your own ClusterIP or set to None for a headless service'),
  nodePort: integer('Port used to expose the service on each node'),
  externalName: text('External name of service'),
};

function serviceCommand(type: string): CommandModule {
  return defineCommand({
    summary: `Create a ${type} service with the specified name`,
    usage: 'NAME [--tcp=<port>:<targetPort>]',
    flags: serviceFlags,
    async run({ args, flags, session }) {
      const name = onlyName(args);
      const ports = flags.tcp.flatMap((text) => text.split(',')).map((text) => portOf(text, flags.nodePort));
      const isExternal = type === 'ExternalName';
      const mayLackPorts = isExternal || flags.clusterip === 'None';
      if (isExternal && flags.externalName === undefined) {
        throw new CommandError('required flag(s) "external-name" not set');
      }
      if (ports.length === 0 && !mayLackPorts)
        throw new CommandError('at least one tcp port specifier must be provided');
      const object: Service = {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name, labels: { app: name } },
        spec: {
          type,
          selector: { app: name },
          ...(ports.length > 0 ? { ports } : {}),
          ...(isExternal ? { externalName: flags.externalName ?? '' } : {}),
          ...(flags.clusterip === undefined ? {} : { clusterIP: flags.clusterip }),
        },
        status: { loadBalancer: {} },
      };
      await createObject(object, flags, session);
    },
  });
}

function portOf(text: string, nodePort: number | undefined): ServicePort {
  const [port = '', target = port] = text.split(':');
  if (!/^\d+$/.test(port)) throw new CommandError(`invalid port format "${text}"`);
  return {
    name: text.replace(':', '-'),
    port: Number(port),
    protocol: 'TCP',
    targetPort: /^\d+$/.test(target) ? Number(target) : target,
    ...(nodePort === undefined ? {} : { nodePort }),
  };
}

export const service: CommandModule = {
  summary: 'Create a service using a specified subcommand',
  usage: '(clusterip|externalname|nodeport|loadbalancer) NAME',
  subcommands: {
    clusterip: serviceCommand('ClusterIP'),
    externalname: serviceCommand('ExternalName'),
    nodeport: serviceCommand('NodePort'),
    loadbalancer: serviceCommand('LoadBalancer'),
  },
};
