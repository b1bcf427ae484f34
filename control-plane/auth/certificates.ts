/** Users by client certificate: the common name is the user, the organizations are the groups. */
import type { Http2ServerRequest } from 'node:http2';
import type { PeerCertificate, TLSSocket } from 'node:tls';
import { unauthorized } from '../../api/errors.ts';
import type { Clock } from '../../lib/clock.ts';
import type { HttpRequest } from '../http/exchange.ts';
import type { Authenticator } from './authenticator.ts';
import type { User } from '../user.ts';

interface Known {
  readonly user: User;
  /** Milliseconds since 1970. Looked at on each request: a connection may outlive its certificate. */
  readonly until: number;
}

export class CertificateAuthenticator implements Authenticator {
  private readonly clock: Clock;
  /** A certificate belongs to a connection, so it is read once for all of its requests. */
  private readonly known = new WeakMap<object, Known | 'none'>();

  constructor(options: { readonly clock: Clock }) {
    this.clock = options.clock;
  }

  authenticate(request: HttpRequest): User | undefined {
    const session = (request as Partial<Http2ServerRequest>).stream?.session;
    const connection = session ?? request.socket;
    let known = this.known.get(connection);
    if (known === undefined) {
      known = identify((session?.socket ?? request.socket) as TLSSocket);
      this.known.set(connection, known);
    }
    if (known === 'none') return undefined;
    if (known.until <= this.clock.date().getTime()) throw unauthorized();
    return known.user;
  }
}

function identify(socket: TLSSocket): Known | 'none' {
  const certificate = socket.getPeerCertificate() as PeerCertificate | Record<string, never>;
  if (!('subject' in certificate)) return 'none';
  if (!socket.authorized) throw unauthorized();
  const { CN: name, O: groups } = certificate.subject as { CN?: string | string[]; O?: string | string[] };
  if (typeof name !== 'string' || name === '') throw unauthorized();
  return {
    user: { name, groups: groups === undefined ? [] : [groups].flat() },
    until: new Date(certificate.valid_to).getTime(),
  };
}
