/** `create ingress`. */
import type {
  HTTPIngressPath,
  Ingress,
  IngressBackend,
  IngressRule,
  IngressTLS,
} from '../../api/types/networking.v1.ts';
import { defineCommand } from '../command.ts';
import { CommandError } from '../errors.ts';
import { array, text } from '../flags.ts';
import { createFlags, createObject, onlyName } from './create.ts';

interface Rule {
  readonly host: string;
  readonly path: HTTPIngressPath;
  /** Undefined without TLS; '' for TLS with the controller's own certificate. */
  readonly secret: string | undefined;
}

export const ingress = defineCommand({
  summary: 'Create an ingress with the specified name',
  usage: 'NAME --rule=host/path=service:port[,tls[=secret]]',
  examples: [
    "dure create ingress web --rule='example.com/*=web:80,tls=web-cert'",
    'dure create ingress rest --default-backend=web:http',
  ],
  flags: {
    ...createFlags,
    class: text('Ingress Class to be used'),
    rule: array('Rule in format host/path=service:port[,tls=secretname]; a path ending in * is a prefix'),
    defaultBackend: text('Default service for backend, in format of svcname:port'),
    annotation: array('Annotation to insert in the ingress object, in the format annotation=value'),
  },
  async run({ args, flags, session }) {
    const name = onlyName(args);
    if (flags.rule.length === 0 && flags.defaultBackend === undefined) {
      throw new CommandError(
        'not enough information provided: every ingress has to either specify a default-backend (which catches all traffic) or a list of rules (which catch specific paths)',
      );
    }
    const annotations = Object.fromEntries(flags.annotation.map(annotationOf));
    const rules = flags.rule.map(parseRule);
    const tls = tlsOf(rules);
    const object: Ingress = {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: { name, ...(flags.annotation.length > 0 ? { annotations } : {}) },
      spec: {
        ...(flags.class === undefined ? {} : { ingressClassName: flags.class }),
        ...(flags.defaultBackend === undefined ? {} : { defaultBackend: defaultBackendOf(flags.defaultBackend) }),
        ...(rules.length > 0 ? { rules: byHost(rules) } : {}),
        ...(tls.length > 0 ? { tls } : {}),
      },
      status: { loadBalancer: {} },
    };
    await createObject(object, flags, session);
  },
});

function annotationOf(word: string): [string, string] {
  const equals = word.indexOf('=');
  if (equals < 1) throw new CommandError(`annotation ${word} is invalid and should be in format key=[value]`);
  return [word.slice(0, equals), word.slice(equals + 1)];
}

/** `host/path=service:port[,tls[=secret]]`; the host may be left out. */
function parseRule(word: string): Rule {
  const parts = /^([^/=,]*)(\/[^=,]*)=([^:=,]+:[^:=,]+)(?:,tls(?:=([^=,]*))?)?$/.exec(word);
  if (!parts) {
    throw new CommandError(`rule ${word} is invalid and should be in format host/path=svcname:svcport[,tls[=secret]]`);
  }
  const [, host = '', path = '', service = '', secret] = parts;
  const isPrefix = path.endsWith('*');
  return {
    host,
    path: {
      backend: backendOf(service),
      path: isPrefix ? path.slice(0, -1) : path,
      pathType: isPrefix ? 'Prefix' : 'Exact',
    },
    secret: word.includes(',tls') ? (secret ?? '') : undefined,
  };
}

function defaultBackendOf(word: string): IngressBackend {
  if (!/^[^:]+:[^:]+$/.test(word)) {
    throw new CommandError('default-backend should be in format servicename:serviceport');
  }
  return backendOf(word);
}

/** `service:port`, the port by number or name. */
function backendOf(word: string): IngressBackend {
  const [name = '', port = ''] = word.split(':');
  return { service: { name, port: /^\d+$/.test(port) ? { number: Number(port) } : { name: port } } };
}

function byHost(rules: readonly Rule[]): IngressRule[] {
  const paths = new Map<string, HTTPIngressPath[]>();
  for (const { host, path } of rules) paths.set(host, [...(paths.get(host) ?? []), path]);
  return [...paths].map(([host, own]) => ({ ...(host === '' ? {} : { host }), http: { paths: own } }));
}

function tlsOf(rules: readonly Rule[]): IngressTLS[] {
  const hosts = new Map<string, string[]>();
  for (const { host, secret } of rules) {
    // TLS for every host with the controller's own certificate is what there is anyway.
    if (secret === undefined || (secret === '' && host === '')) continue;
    const own = hosts.get(secret) ?? [];
    hosts.set(secret, host === '' || own.includes(host) ? own : [...own, host]);
  }
  return [...hosts].map(([secretName, own]) => ({
    ...(own.length > 0 ? { hosts: own } : {}),
    ...(secretName === '' ? {} : { secretName }),
  }));
}
