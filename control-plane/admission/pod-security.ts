/**
 * Holds pods to the security standard that the labels of their namespace enforce. The labels that only warn and audit are
 * checked for sense.
 */
import { forbidden, invalid } from '../../api/errors.ts';
import type { KubeObject } from '../../api/object.ts';
import type { Namespace, Pod } from '../../api/schema/types/core.v1.ts';
import { FieldErrors } from '../../api/validation/field-errors.ts';
import type { Lookup } from './lookup.ts';
import { type Level, violationsOf, violationsText } from './pod-security-checks.ts';
import type { AdmissionPlugin, AdmissionRequest } from './port.ts';

const PREFIX = 'pod-security.kubernetes.io/';
const LEVELS: readonly string[] = ['privileged', 'baseline', 'restricted'];
const VERSION = /^(latest|v1\.(0|[1-9]\d{0,3}))$/;

interface Standard {
  readonly level: Level;
  readonly version: string;
}

export class PodSecurity implements AdmissionPlugin {
  readonly name = 'PodSecurity';
  private readonly namespaces: Lookup<Namespace>;

  constructor({ namespaces }: { namespaces: Lookup<Namespace> }) {
    this.namespaces = namespaces;
  }

  handles({ kind, operation, subresource }: AdmissionRequest): boolean {
    if (kind.group !== '' || operation === 'DELETE') return false;
    if (kind.kind === 'Namespace') return subresource === undefined;
    return kind.kind === 'Pod' && (subresource === undefined || subresource === 'ephemeralcontainers');
  }

  async validate(request: AdmissionRequest): Promise<void> {
    if (request.kind.kind === 'Namespace') this.checkLabels(request);
    else await this.checkPod(request);
  }

  /** New labels have to mean something; those that are there already may stay as they are. */
  private checkLabels({ kind, name, object, previous }: AdmissionRequest): void {
    const errors = new FieldErrors();
    for (const mode of ['enforce', 'audit', 'warn']) {
      const level = newLabel(`${PREFIX}${mode}`, object, previous);
      if (level !== undefined && !LEVELS.includes(level)) {
        const path = `metadata.labels[${PREFIX}${mode}]`;
        errors.invalid(path, level, `must be one of ${LEVELS.join(', ')}`);
      }
      const version = newLabel(`${PREFIX}${mode}-version`, object, previous);
      if (version !== undefined && !VERSION.test(version)) {
        errors.invalid(`metadata.labels[${PREFIX}${mode}-version]`, version, 'must be "latest" or "v1.x"');
      }
    }
    if (errors.list.length > 0) throw invalid(kind, name, errors.list);
  }

  private async checkPod({ kind, name, namespace, object, previous, subresource }: AdmissionRequest): Promise<void> {
    const pod = object as unknown as Pod;
    if (previous && subresource === undefined && !matters(pod, previous as unknown as Pod)) return;
    const found = await this.namespaces.find('', namespace);
    const { level, version } = enforced(found);
    const violations = violationsOf(pod, level);
    if (violations.length === 0) return;
    const standard = JSON.stringify(`${level}:${version}`);
    throw forbidden(kind, name, `violates PodSecurity ${standard}: ${violationsText(violations)}`);
  }
}

function newLabel(label: string, object: KubeObject | undefined, previous: KubeObject | undefined): string | undefined {
  const value = object?.metadata.labels?.[label];
  return value === previous?.metadata.labels?.[label] ? undefined : value;
}

/** What cannot be read is held to the strictest standard. */
function enforced(namespace: Namespace | undefined): Standard {
  const labels = namespace?.metadata.labels ?? {};
  const level = labels[`${PREFIX}enforce`] ?? 'privileged';
  const version = labels[`${PREFIX}enforce-version`] ?? 'latest';
  const isKnown = LEVELS.includes(level);
  return { level: isKnown ? (level as Level) : 'restricted', version: VERSION.test(version) ? version : 'latest' };
}

/** Of a pod only its images can change that a standard could speak of, and none does. */
function matters(pod: Pod, previous: Pod): boolean {
  return (pod.spec.ephemeralContainers?.length ?? 0) !== (previous.spec.ephemeralContainers?.length ?? 0);
}
