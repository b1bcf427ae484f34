/** All controllers, as one component that runs while this server leads. */
import type { Clock } from '../../lib/clock.ts';
import type { Component } from '../../lib/component.ts';
import { ComponentGroup } from '../../lib/component.ts';
import type { Log } from '../../lib/log.ts';
import type { View } from '../../lib/view.ts';
import type { EventRecorder } from '../events/recorder.ts';
import type { Registry } from '../registry/port.ts';
import { ApiServiceAvailability } from './api-service-availability/api-service-availability.ts';
import { ApiServiceRegistration } from './api-service-registration/api-service-registration.ts';
import type { ApiServer } from './bootstrap/bootstrap.ts';
import { Bootstrap } from './bootstrap/bootstrap.ts';
import { CertificateController, type CertificateControllerOptions } from './certificates/certificates.ts';
import type { Controller } from './controller.ts';
import { CronJobController } from './cronjob/cronjob.ts';
import { ClusterDefaults } from './defaults/defaults.ts';
import { DaemonSetController } from './daemonset/daemonset.ts';
import { CustomResourceDefinitionController } from './custom-resource-definition/custom-resource-definition.ts';
import { DeploymentController } from './deployment/deployment.ts';
import { DisruptionController } from './disruption/disruption.ts';
import { EndpointsController } from './endpoints/endpoints.ts';
import { EndpointSliceMirroring } from './endpointslice-mirroring/endpointslice-mirroring.ts';
import { EndpointSliceController } from './endpointslice/endpointslice.ts';
import type { Credentials, Edges } from './executors.ts';
import { type Authorities, ExtensionAuthentication } from './extension-authentication/extension-authentication.ts';
import { GarbageCollector } from './garbage-collection/garbage-collection.ts';
import { JobController } from './job/job.ts';
import { OrphanedJobPods } from './job/orphaned-pods.ts';
import { NamespaceDefaults } from './namespace-defaults/namespace-defaults.ts';
import type { Elsewhere } from './elsewhere.ts';
import { NamespaceController } from './namespace/namespace.ts';
import type { NodeSession, Sight } from './node-lifecycle/node-lifecycle.ts';
import { NodeLifecycleController } from './node-lifecycle/node-lifecycle.ts';
import type { AddressSpace } from './node-cidr/node-cidr.ts';
import { NodeCidrController } from './node-cidr/node-cidr.ts';
import { PolicyStatusController, type PolicyStatusOptions } from './policy-status/policy-status.ts';
import { PodCollector } from './pod-collection/pod-collection.ts';
import { TokenSecretController } from './token-secrets/token-secrets.ts';
import { PodAutoscaling, type PodAutoscalingOptions } from './pod-autoscaling/pod-autoscaling.ts';
import { ReplicaSetController, ReplicationControllerController } from './replicaset/replicaset.ts';
import type { QueueMetrics } from './runner.ts';
import { RbacDefaults } from './rbac-defaults/rbac-defaults.ts';
import { RoleAggregationController } from './role-aggregation/role-aggregation.ts';
import { ResourceQuotaController } from './resource-quota/resource-quota.ts';
import { Runner } from './runner.ts';
import { ServiceAddresses } from './service-addresses/service-addresses.ts';
import { ServiceCidrController } from './service-cidr/service-cidr.ts';
import { StatefulSetController } from './statefulset/statefulset.ts';
import { StorageProtection } from './storage-protection/storage-protection.ts';
import { EphemeralVolumes } from './ephemeral-volumes/ephemeral-volumes.ts';
import { TtlAfterFinished } from './ttl-after-finished/ttl-after-finished.ts';
import { VolumeBinding } from './volume-binding/volume-binding.ts';

export interface ControllersOptions {
  /** Its views must have the indexes of `indexesOf`. */
  readonly registry: Registry;
  readonly events: EventRecorder;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics?: QueueMetrics;
  /** A fresh suffix for a name: five characters of which no word can be made. */
  readonly nextId: () => string;
  /** As in {@link Edges}. */
  readonly whenFresh: Edges['whenFresh'];
  readonly sessions: View<NodeSession>;
  readonly sight: Sight;
  readonly servers: View<ApiServer>;
  /** The port on which every server serves the API. */
  readonly apiPort: number;
  readonly serviceCidr: string;
  readonly podAddresses: AddressSpace;
  /** PEM of the CA that signs the servers' certificates. */
  readonly caCertificate: string;
  readonly credentials: Credentials;
  /** Whom extension API servers believe. */
  readonly authorities: Authorities;
  readonly probe: Edges['probe'];
  readonly usageOf: PodAutoscalingOptions['usageOf'];
  readonly empty: Edges['empty'];
  /** What other API servers serve. */
  readonly elsewhere: Elsewhere;
  /** Whether a user may have certificates for nodes without anybody being asked. */
  readonly mayHaveNodeCertificate: CertificateControllerOptions['mayHave'];
  /** What expressions see of objects of a kind; without it nothing is known of any. */
  readonly typeOf?: PolicyStatusOptions['typeOf'];
  readonly nodeGraceMilliseconds?: number;
  readonly fenceMilliseconds?: number;
  readonly terminatedPodThreshold?: number;
  /** Of schedules that name no time zone. */
  readonly timeZone?: string;
}

/** Started when leadership is gained, stopped when it ends; each time it is led anew, a new one is made. */
export class Controllers implements Component {
  readonly name = 'controllers';
  private readonly options: ControllersOptions;
  private readonly runners: readonly Runner[];
  private readonly group: ComponentGroup;

  constructor(options: ControllersOptions) {
    this.options = options;
    this.runners = controllersOf(options).map((controller) => runnerOf(controller, options));
    this.group = new ComponentGroup(this.name, this.runners);
  }

  /** Whether no controller has anything to do now. */
  get quiet(): boolean {
    return this.runners.every(({ quiet }) => quiet);
  }

  /** Plans nothing before the views hold all that an earlier leader wrote. */
  async start(): Promise<void> {
    await this.options.whenFresh();
    await this.group.start();
  }

  stop(): Promise<void> {
    return this.group.stop();
  }

  /** Runs until `signal` is aborted, and resolves when everything has stopped. */
  async run(signal: AbortSignal): Promise<void> {
    const ended = new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    if (signal.aborted) return;
    await Promise.race([this.options.whenFresh(), ended]);
    if (signal.aborted) return;
    await this.group.start();
    await ended;
    await this.stop();
  }
}

function controllersOf(options: ControllersOptions): readonly Controller[] {
  const { registry, clock, sessions, sight, servers, serviceCidr } = options;
  const lifecycle = limits({
    graceMilliseconds: options.nodeGraceMilliseconds,
    fenceMilliseconds: options.fenceMilliseconds,
  });
  return [
    new Bootstrap({ registry, servers, port: options.apiPort, serviceCidr }),
    new ClusterDefaults({ registry, serviceCidr, clock }),
    new ResourceQuotaController({ registry, clock }),
    new ServiceAddresses({ registry }),
    new ServiceCidrController({ registry }),
    new StorageProtection({ registry }),
    new RbacDefaults({ registry }),
    new RoleAggregationController({ registry }),
    new ApiServiceRegistration({ registry }),
    new ApiServiceAvailability({ registry }),
    new ExtensionAuthentication({ registry, authorities: options.authorities }),
    new NamespaceDefaults({ registry, certificate: options.caCertificate }),
    new TokenSecretController({ registry, certificate: options.caCertificate }),
    new CertificateController({ registry, mayHave: options.mayHaveNodeCertificate }),
    new NodeLifecycleController({ registry, sessions, sight, clock, ...lifecycle }),
    new NodeCidrController({ registry, space: options.podAddresses }),
    new EndpointSliceController({ registry }),
    new EndpointsController({ registry }),
    new EndpointSliceMirroring({ registry }),
    new ReplicaSetController({ registry }),
    new ReplicationControllerController({ registry }),
    new DeploymentController({ registry }),
    new DaemonSetController({ registry }),
    new PodAutoscaling({ registry, clock, usageOf: options.usageOf }),
    new StatefulSetController({ registry }),
    new JobController({ registry }),
    new OrphanedJobPods({ registry }),
    new CronJobController({ registry, timeZone: options.timeZone ?? 'UTC' }),
    new TtlAfterFinished({ registry }),
    new VolumeBinding({ registry }),
    new EphemeralVolumes({ registry }),
    new NamespaceController({ registry, elsewhere: options.elsewhere }),
    new PolicyStatusController({ registry, typeOf: options.typeOf ?? (() => undefined) }),
    new CustomResourceDefinitionController({ registry }),
    new GarbageCollector({ registry }),
    new DisruptionController({ registry }),
    new PodCollector({
      registry,
      clock,
      sessions,
      ...limits({ threshold: options.terminatedPodThreshold, fenceMilliseconds: options.fenceMilliseconds }),
    }),
  ];
}

/** Without those that are not set, so that the defaults hold. */
function limits<K extends string>(values: Record<K, number | undefined>): Partial<Record<K, number>> {
  const set = Object.entries<number | undefined>(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(set) as Partial<Record<K, number>>;
}

function runnerOf(controller: Controller, options: ControllersOptions): Runner {
  const { registry, clock, log, metrics, nextId, whenFresh } = options;
  const component = controller.component ?? `${controller.name}-controller`;
  const edges: Edges = {
    registry,
    events: { record: (event) => options.events.record({ component, ...event }) },
    whenFresh,
    credentials: options.credentials,
    probe: options.probe,
    empty: options.empty,
  };
  return new Runner({ controller, edges, clock, log, nextId, ...(metrics ? { metrics } : {}) });
}
