/** Endpoints that gRPC tries in order, and that may change while it runs: a server's own etcd first, then the others. */
import { experimental, type ChannelOptions } from '@grpc/grpc-js';

const SCHEME = 'dure-etcd';
const OPTION = 'dure.endpoints';

export interface OrderedEndpoints {
  /** Addresses and no names, such as `https://10.0.0.1:2379`. Asked when the channel connects. */
  list(): readonly string[];
  /** The name that the certificate of each of them is made for. */
  readonly serverName: string;
}

/** The target and options of channels to them. */
export function orderedTarget(endpoints: OrderedEndpoints): { target: string; options: ChannelOptions } {
  // Doing so again changes nothing.
  experimental.registerResolver(SCHEME, EndpointResolver);
  const options = { [OPTION]: endpoints, 'grpc.ssl_target_name_override': endpoints.serverName };
  return { target: `${SCHEME}:///store`, options };
}

class EndpointResolver implements experimental.Resolver {
  private readonly listener: experimental.ResolverListener;
  private readonly endpoints: OrderedEndpoints;
  private told = '';

  static getDefaultAuthority(): string {
    return 'localhost';
  }

  constructor(_target: unknown, listener: experimental.ResolverListener, options: ChannelOptions) {
    this.listener = listener;
    this.endpoints = options[OPTION] as OrderedEndpoints;
  }

  /** Called when the connection was lost too: the same answer once more would only make it begin anew. */
  updateResolution(): void {
    const list = this.endpoints.list();
    if (list.join() === this.told) return;
    this.told = list.join();
    const addresses = list.map((url) => ({ addresses: [addressIn(url)] }));
    setImmediate(() => this.listener(experimental.statusOrFromValue(addresses), {}, null, ''));
  }

  destroy(): void {
    this.told = '';
  }
}

function addressIn(url: string): { host: string; port: number } {
  const { hostname, port } = new URL(url);
  return { host: hostname.replaceAll(/[[\]]/g, ''), port: Number(port) };
}
