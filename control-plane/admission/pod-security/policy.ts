/** What the labels of a namespace say about the pods in it. */
import type { FieldError } from '../../../api/errors.ts';
import type { KubeObject } from '../../../api/object.ts';
import { FieldErrors } from '../../../api/validation/field-errors.ts';
import { compareLevels, type Level, LEVELS, type Standard } from './standard.ts';

export const PREFIX = 'pod-security.kubernetes.io/';

const VERSION = /^v1\.(0|[1-9]\d{0,17})$/;

/** Each way of holding pods to a standard: refuse, note in the audit log, warn. */
export interface Policy {
  readonly enforce: Standard;
  readonly audit: Standard;
  readonly warn: Standard;
}

export interface ReadPolicy {
  readonly policy: Policy;
  /** Of labels that can't be read. What is enforced is the strictest then; nothing is audited or warned of. */
  readonly errors: readonly FieldError[];
}

const OPEN: Standard = { level: 'privileged', version: 'latest' };
const UNLABELLED: ReadPolicy = { policy: { enforce: OPEN, audit: OPEN, warn: OPEN }, errors: [] };

export function policyOf(namespace: KubeObject | undefined): ReadPolicy {
  const labels = namespace?.metadata.labels;
  if (!labels) return UNLABELLED;
  const errors = new FieldErrors();
  const read = (mode: keyof Policy, fallback: Level): Standard => ({
    level: levelOf(errors, mode, labels, fallback),
    version: versionOf(errors, mode, labels),
  });
  const enforce = read('enforce', 'restricted');
  const isReadable = errors.list.length === 0;
  const audit = read('audit', 'privileged');
  const warn = read('warn', 'privileged');
  // Who enforces and says nothing about warning is warned: of workloads, whose pods will be refused.
  const follows = isReadable && labels[`${PREFIX}warn`] === undefined && compareLevels(enforce.level, warn.level) > 0;
  const version = labels[`${PREFIX}warn-version`] === undefined ? enforce.version : warn.version;
  return { policy: { enforce, audit, warn: follows ? { level: enforce.level, version } : warn }, errors: errors.list };
}

export function isOpen({ level }: Standard): boolean {
  return level === 'privileged';
}

function levelOf(errors: FieldErrors, mode: string, labels: Record<string, string>, fallback: Level): Level {
  const label = `${PREFIX}${mode}`;
  const level = labels[label] ?? 'privileged';
  if (LEVELS.includes(level)) return level as Level;
  errors.invalid(`metadata.labels[${label}]`, level, `must be one of ${LEVELS.join(', ')}`);
  return fallback;
}

function versionOf(errors: FieldErrors, mode: string, labels: Record<string, string>): string {
  const label = `${PREFIX}${mode}-version`;
  const version = labels[label] ?? 'latest';
  if (version === 'latest' || VERSION.test(version)) return version;
  errors.invalid(`metadata.labels[${label}]`, version, 'must be "latest" or "v1.x"');
  return 'latest';
}
