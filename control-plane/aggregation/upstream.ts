/** How the server behind an APIService is reached: at a ready endpoint of its service, over TLS, as the front proxy. */
import type { Duplex } from 'node:stream';
import type { KeyPair } from '../../lib/certificates.ts';
import { type Backend, openBackend } from '../handlers/proxy/forward.ts';
import type { Dialer } from '../nodes/dialer.ts';
import type { KeptConnections } from '../nodes/kept-connections.ts';
import type { ServiceEndpoints } from '../nodes/service-endpoints.ts';
import type { RemoteApi } from './remote-apis.ts';

const HTTPS_PORT = 443;

export interface UpstreamsOptions {
  readonly endpoints: ServiceEndpoints;
  readonly dialer: Dialer;
  /** What this server shows; asked for each connection, as it is renewed. */
  readonly frontProxy: () => KeyPair;
  readonly connections: KeptConnections;
}

export class Upstreams {
  private readonly options: UpstreamsOptions;

  constructor(options: UpstreamsOptions) {
    this.options = options;
  }

  /** The certificate must be for `NAME.NAMESPACE.svc`, unless the APIService says that it need not be looked at. */
  backend({ spec }: RemoteApi): Backend {
    const { namespace = '', name = '', port = HTTPS_PORT } = spec.service;
    const serverName = `${name}.${namespace}.svc`;
    const { certificate, key } = this.options.frontProxy();
    const backend: Backend = {
      connect: (signal) => this.connect(namespace, name, port, signal),
      host: serverName,
      tls: {
        servername: serverName,
        cert: certificate,
        key,
        rejectUnauthorized: spec.insecureSkipTLSVerify !== true,
        ...(spec.caBundle ? { ca: Buffer.from(spec.caBundle, 'base64').toString() } : {}),
      },
    };
    // Whoever may not be believed any more is not asked over what was opened while he was.
    const place = JSON.stringify([serverName, port, spec.insecureSkipTLSVerify, spec.caBundle, certificate]);
    return { ...backend, kept: this.options.connections.to(place, (signal) => openBackend(backend, signal)) };
  }

  private async connect(namespace: string, name: string, port: number, signal: AbortSignal): Promise<Duplex> {
    const { endpoints, dialer } = this.options;
    const connection = await dialer.dial(endpoints.resolve(namespace, name, port), signal);
    const close = (): void => void connection.destroy();
    // The dialler lets go of what it has opened; from here on the signal closes it.
    signal.addEventListener('abort', close, { once: true });
    connection.on('close', () => signal.removeEventListener('abort', close));
    if (signal.aborted) close();
    return connection;
  }
}
