/** Defaults of resource.k8s.io. */
import type {
  DeviceClass,
  DeviceToleration,
  ResourceClaim,
  ResourceClaimSpec,
  ResourceClaimTemplate,
} from '../types/resource.v1.ts';

interface Wanted {
  allocationMode?: string;
  count?: number;
  tolerations?: DeviceToleration[];
}

function defaultWanted(wanted: Wanted): void {
  wanted.allocationMode ||= 'ExactCount';
  if (wanted.allocationMode === 'ExactCount') wanted.count ||= 1;
  for (const toleration of wanted.tolerations ?? []) toleration.operator ||= 'Equal';
}

function defaultClaimSpec(spec: ResourceClaimSpec): void {
  spec.devices ??= {} as ResourceClaimSpec['devices'];
  for (const { exactly, firstAvailable } of spec.devices.requests ?? []) {
    if (exactly) defaultWanted(exactly);
    firstAvailable?.forEach(defaultWanted);
  }
}

export function defaultResourceClaim(claim: ResourceClaim): void {
  claim.spec ??= {} as ResourceClaimSpec;
  claim.status ??= {};
  defaultClaimSpec(claim.spec);
}

export function defaultResourceClaimTemplate(template: ResourceClaimTemplate): void {
  template.spec ??= {} as ResourceClaimTemplate['spec'];
  template.spec.metadata ??= {};
  template.spec.spec ??= {} as ResourceClaimSpec;
  defaultClaimSpec(template.spec.spec);
}

export function defaultDeviceClass(deviceClass: DeviceClass): void {
  deviceClass.spec ??= {};
}
