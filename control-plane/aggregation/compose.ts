/** API aggregation, put together: what other API servers serve behind this one. */
import { kinds, type Kind } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/object.ts';
import type { APIService } from '../../api/types/apiregistration.v1.ts';
import type { KeyPair } from '../../lib/certificates.ts';
import type { Component } from '../../lib/component.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { View } from '../../lib/view.ts';
import { NodeDialer } from '../nodes/dialer.ts';
import type { NodeTunnels } from '../nodes/port.ts';
import { KeptConnections } from '../nodes/kept-connections.ts';
import { ServiceEndpoints } from '../nodes/service-endpoints.ts';
import type { EmptyElsewhere } from '../controllers/elsewhere.ts';
import type { RouterOptions } from '../server/router.ts';
import { probe } from './probe.ts';
import { AggregationProxy } from './proxy.ts';
import { RemoteApis } from './remote-apis.ts';
import { RemoteContent } from './remote-content.ts';
import { RemoteReader } from './remote-reader.ts';
import { ServedElsewhere } from './served-elsewhere.ts';
import { Upstreams } from './upstream.ts';

export interface AggregationParts {
  readonly tunnels: NodeTunnels;
  readonly viewOf: <T extends KubeObject>(kind: Kind<T>) => View<T>;
  /** What this server shows to other API servers. */
  readonly frontProxy: () => KeyPair;
  /** From 0 up to 1. */
  readonly random: () => number;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Aggregation {
  /** Learns what the other servers serve, once started. */
  readonly served: ServedElsewhere;
  /** To the other servers. */
  readonly connections: Component;
  readonly elsewhere: RouterOptions['elsewhere'];
  /** Rejects with an Error when the server behind the APIService does not answer. */
  readonly probe: (apiService: APIService) => Promise<void>;
  readonly empty: EmptyElsewhere;
}

export function makeAggregation({ tunnels, viewOf, frontProxy, random, clock, log }: AggregationParts): Aggregation {
  const services = viewOf(kinds.services);
  const endpoints = new ServiceEndpoints({ services, endpointSlices: viewOf(kinds.endpointslices), random });
  const connections = new KeptConnections({ clock });
  const upstreams = new Upstreams({ endpoints, dialer: new NodeDialer({ tunnels }), frontProxy, connections });
  const reader = new RemoteReader({ upstreams, clock });
  const view = viewOf(kinds.apiservices);
  const served = new ServedElsewhere({ view, reader, clock, log });
  const apis = new RemoteApis({ view });
  const content = new RemoteContent({ apis, reader });
  const proxy = new AggregationProxy({
    apis,
    upstreams,
    hasOpenApi: (path) => served.openApiV3().get(path)?.from === 'server',
    clock,
  });
  return {
    served,
    connections,
    elsewhere: (info) => proxy.handlerOf(info),
    probe: (apiService) => probe(reader, apiService),
    empty: (resource, namespace) => content.empty(resource, namespace),
  };
}
