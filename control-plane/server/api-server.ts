/** The API of one server: its two listeners, and everything that a request meets on its way. */
import type { Clock } from '../../lib/clock.ts';
import type { Component } from '../../lib/component.ts';
import type { Log } from '../../lib/log.ts';
import type { Metrics } from '../../lib/metrics.ts';
import type { Kind } from '../../api/kinds.ts';
import { Patcher } from '../../api/patch/patcher.ts';
import type { StrategicMerge } from '../../api/patch/strategic.ts';
import type { AuditOptions } from '../audit/layers.ts';
import type { Authenticator } from '../auth/authenticator.ts';
import { authorizersOf } from '../auth/authorizers.ts';
import { CertificateAuthenticator } from '../auth/certificates.ts';
import type { Tokens } from '../auth/tokens/all.ts';
import { AnsweredKinds } from '../handlers/answered.ts';
import { bindings } from '../handlers/bindings.ts';
import { accessReviews } from '../handlers/access-reviews.ts';
import { authenticationReviews } from '../handlers/authentication.ts';
import { isComponentStatus } from '../handlers/component-status.ts';
import { METRICS_GROUP } from '../handlers/usage.ts';
import type { HandlerOptions } from '../handlers/port.ts';
import { FlowControl } from '../flowcontrol/flow-control.ts';
import { apiChain, MAX_SEATS, MAX_WAIT_MILLISECONDS } from './chain.ts';
import { demandOf } from './demand.ts';
import { endpoints, type EndpointsOptions } from './endpoints.ts';
import { Health, type HealthCheck } from './health.ts';
import { ApiListener, type Certificates } from './http.ts';
import { issuerEndpoints } from './issuer.ts';
import type { ResourceRequest } from '../http/request-info.ts';
import { RequestMetrics } from './request-metrics.ts';
import { router, type RouterOptions } from './router.ts';
import { WebListener, type JoinOptions } from './web.ts';

export interface Address {
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
}

export interface ApiServerOptions {
  readonly api: Address;
  readonly web: Address;
  /** Loaded when `start` is called. */
  readonly certificates: Certificates;
  readonly handlers: Omit<
    HandlerOptions,
    'watchMetrics' | 'patcher' | 'tokenRequests' | 'authorizers' | 'clock' | 'log'
  > & {
    readonly strategic: StrategicMerge;
  };
  /** Makes discovery and OpenAPI; is told of the kinds that are answered and not stored. */
  readonly documents: (answered: readonly Kind[]) => EndpointsOptions['documents'];
  /** Where clients reach the server, such as 10.0.0.1:6443. */
  readonly address: () => string;
  /** Who passes requests on to other API servers. */
  readonly elsewhere: RouterOptions['elsewhere'];
  /** Whether another API server serves the resource. */
  readonly isElsewhere: (target: ResourceRequest) => boolean;
  readonly join: JoinOptions;
  /** What must hold for this server to be live and ready, such as that the caches are filled. */
  readonly checks: readonly HealthCheck[];
  readonly components: RouterOptions['components'];
  readonly tokens: Tokens;
  /** Absent: nothing is audited. */
  readonly audit?: AuditOptions;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly log: Log;
}

export class ApiServer implements Component {
  readonly name = 'api server';
  private readonly health: Health;
  private readonly flowControl: FlowControl;
  private readonly api: ApiListener;
  private readonly web: WebListener;

  constructor(options: ApiServerOptions) {
    const { clock, log, metrics, certificates, join, tokens } = options;
    const { resources } = options.handlers;
    this.health = new Health(options);
    const authenticators: readonly Authenticator[] = [new CertificateAuthenticator({ clock }), tokens.bearer];
    const authorizers = authorizersOf(resources);
    const answered = new AnsweredKinds([
      bindings({ ...options.handlers, clock }),
      ...authenticationReviews({ tokens: tokens.bearer, clock }),
      ...accessReviews(authorizers),
    ]);
    const requestMetrics = new RequestMetrics({
      metrics,
      isServed: (target) => {
        const { group, version, resource } = target;
        if (isComponentStatus(target)) return true;
        if (group === METRICS_GROUP) return resource === 'nodes' || resource === 'pods';
        const isHere = (resources.find(group, version, resource) ?? answered.find(target)) !== undefined;
        return isHere || options.isElsewhere(target);
      },
    });
    const handlers: HandlerOptions = {
      ...options.handlers,
      patcher: new Patcher(options.handlers),
      tokenRequests: tokens.requests,
      authorizers,
      clock,
      log,
      watchMetrics: watchMetricsOf(metrics),
    };
    const handler = router({
      handlers,
      answered,
      components: options.components,
      elsewhere: options.elsewhere,
      endpoints: {
        ...endpoints({ health: this.health, metrics, documents: options.documents(answered.kinds) }),
        ...issuerEndpoints({ tokens: tokens.accounts, address: options.address }),
      },
    });
    const { protobuf } = options.handlers;
    const { audit } = options;
    this.flowControl = new FlowControl({
      sources: resources,
      seats: MAX_SEATS,
      waitMilliseconds: MAX_WAIT_MILLISECONDS,
      metrics,
      clock,
    });
    const chain = apiChain(
      {
        authenticators,
        authorizers,
        metrics: requestMetrics,
        flowControl: this.flowControl,
        demandOf: (info) => demandOf(resources, info),
        protobuf,
        ...(audit ? { audit } : {}),
        clock,
        log,
      },
      handler,
    );
    this.api = new ApiListener({ ...options.api, certificates, handler: chain, clock, log });
    const shared = { certificates, authenticators, authorizers, metrics, clock, log, join, health: this.health };
    this.web = new WebListener({ ...options.web, ...shared });
  }

  /** The ports that are listened on. */
  get ports(): { api: number; web: number } {
    return { api: this.api.port, web: this.web.port };
  }

  async start(): Promise<void> {
    await this.flowControl.start();
    try {
      await this.api.start();
      await this.web.start();
    } catch (error) {
      await this.api.stop();
      await this.flowControl.stop();
      throw error;
    }
  }

  /** First others are told, then requests finish; health can be asked for until the end. */
  async stop(): Promise<void> {
    this.health.stopping();
    await this.api.stop();
    await this.web.stop();
    await this.flowControl.stop();
  }
}

function watchMetricsOf(metrics: Metrics): HandlerOptions['watchMetrics'] {
  const labels = ['group', 'version', 'kind'] as const;
  return {
    events: metrics.counter('apiserver_watch_events_total', 'Events sent to watchers.', labels),
    terminated: metrics.counter('apiserver_terminated_watchers_total', 'Watchers cut because they were slow.', labels),
  };
}
