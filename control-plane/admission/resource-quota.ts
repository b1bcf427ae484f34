/**
 * Charges every new object to the quotas of its namespace, and refuses what does not fit. The charge is a guarded write of
 * the quota's status, made before the object is: however many requests come at once, on however many servers, no more is
 * given away than there is. What was charged for an object that then was not made, the quota's controller gives back.
 */
import { forbidden, isStatusError } from '../../api/errors.ts';
import { qualifiedResource } from '../../api/kinds.ts';
import type { ResourceQuota } from '../../api/types/core.v1.ts';
import type { Clock } from '../../lib/clock.ts';
import { type Change, charge } from '../quota/charge.ts';
import { isCounted } from '../quota/usage.ts';
import type { Lookup } from './lookup.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../registry/admission.ts';

/** What an update of these can use more of. */
const CHARGED_ON_UPDATE: ReadonlySet<string> = new Set(['services', 'persistentvolumeclaims']);

export interface ResourceQuotaAdmissionOptions {
  quotas: Lookup<ResourceQuota>;
  clock: Clock;
  /** Lets `change` decide on the quota's status, and again when somebody else wrote in between. What it throws is thrown. */
  write(namespace: string, name: string, change: (quota: ResourceQuota) => ResourceQuota | undefined): Promise<unknown>;
}

export class ResourceQuotaAdmission implements AdmissionPlugin {
  readonly name = 'ResourceQuota';
  private readonly options: ResourceQuotaAdmissionOptions;

  constructor(options: ResourceQuotaAdmissionOptions) {
    this.options = options;
  }

  handles({ kind, operation, subresource }: AdmissionRequest): boolean {
    if (!isCounted(kind)) return false;
    if (subresource !== undefined) return kind.plural === 'pods' && subresource === 'resize' && operation === 'UPDATE';
    return operation === 'CREATE' || (operation === 'UPDATE' && CHARGED_ON_UPDATE.has(qualifiedResource(kind)));
  }

  async validate(request: AdmissionRequest): Promise<void> {
    const { kind, object, previous, namespace } = request;
    if (!object) return;
    const now = this.options.clock.date().getTime();
    const change: Change = { kind, object, previous, now };
    const concerned = [...this.options.quotas.within(namespace)].filter(
      (quota) => charge(quota, change).outcome !== 'unconcerned',
    );
    // In one order, so that two requests never wait for each other with a part of what both want.
    concerned.sort((a, b) => ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1));
    for (const quota of concerned) await this.charge(quota, change, request);
  }

  private async charge({ metadata }: ResourceQuota, change: Change, request: AdmissionRequest): Promise<void> {
    const decide = (quota: ResourceQuota): ResourceQuota | undefined => {
      const result = charge(quota, change);
      if (result.outcome === 'refused') throw forbidden(request.kind, request.name, result.why);
      if (result.outcome === 'unconcerned' || request.dryRun) return undefined;
      return { ...quota, status: { ...quota.status, used: result.used } };
    };
    try {
      await this.options.write(request.namespace, metadata.name ?? '', decide);
    } catch (error) {
      // The quota is gone by now, and limits nothing any more.
      if (!isStatusError(error, 'NotFound')) throw error;
    }
  }
}
