/** Passes requests for what an APIService says on to the server that it names. */
import { serviceUnavailable } from '../../api/errors.ts';
import type { Clock } from '../../lib/clock.ts';
import { forward } from '../handlers/proxy/forward.ts';
import type { Exchange, Handler } from '../http/exchange.ts';
import type { RequestInfo } from '../http/request-info.ts';
import { writeBytes } from '../http/respond.ts';
import { identityHeaders, tellsIdentity } from './identity.ts';
import { isAvailable, type RemoteApi, type RemoteApis } from './remote-apis.ts';
import type { Upstreams } from './upstream.ts';

/** Every client asks for discovery before anything else; a slow server must not hold them all up. */
const DISCOVERY_MILLISECONDS = 5_000;
const TEXT = 'text/plain; charset=utf-8';

export interface AggregationProxyOptions {
  readonly apis: RemoteApis;
  readonly upstreams: Upstreams;
  /** Whether the server behind the API has the document at this path itself. */
  readonly hasOpenApi: (path: string) => boolean;
  readonly clock: Clock;
}

export class AggregationProxy {
  private readonly options: AggregationProxyOptions;

  constructor(options: AggregationProxyOptions) {
    this.options = options;
  }

  /** undefined for what is answered here. */
  handlerOf({ segments }: RequestInfo): Handler | undefined {
    const { apis, hasOpenApi } = this.options;
    const isOpenApi = segments[0] === 'openapi' && segments[1] === 'v3' && segments.length === 5;
    const path = isOpenApi ? segments.slice(2) : segments;
    const [root, group, version] = path;
    if (root !== 'apis' || group === undefined || version === undefined) return undefined;
    if (isOpenApi && !hasOpenApi(path.join('/'))) return undefined;
    const api = apis.find(group, version);
    return api && ((exchange) => this.pass(exchange, api));
  }

  private async pass(exchange: Exchange, api: RemoteApi): Promise<void> {
    const { user, info, request } = exchange;
    if (!user) throw new Error('a request to another server came without a user');
    // In plain words, as from Kubernetes: clients have sentences of their own for it.
    if (!isAvailable(api)) return writeBytes(exchange, 503, Buffer.from('service unavailable\n'), TEXT);
    const cut = new AbortController();
    const { clock, upstreams } = this.options;
    const timer = info.resource ? undefined : clock.after(DISCOVERY_MILLISECONDS, () => cut.abort(TOO_SLOW));
    const signal = AbortSignal.any([exchange.signal, cut.signal]);
    try {
      await forward(
        { ...exchange, signal },
        {
          backend: upstreams.backend(api),
          path: request.url ?? info.path,
          headers: { ...identityHeaders(user), 'audit-id': exchange.id },
          withheld: tellsIdentity,
          redirects: false,
        },
      );
    } finally {
      timer?.cancel();
    }
  }
}

const TOO_SLOW = serviceUnavailable(`no answer within ${DISCOVERY_MILLISECONDS / 1000} s`);
