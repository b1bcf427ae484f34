/** The audit log as the flags ask for it. */
import { readFile } from 'node:fs/promises';
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { ServerFlags } from '../flags.ts';
import type { AuditOptions } from './layers.ts';
import { AuditLog } from './log.ts';
import { AuditPolicy } from './policy.ts';

const MEGABYTE = 1024 * 1024;

/** undefined when nothing is to be audited. Throws an Error that names the flag. */
export async function loadAudit(
  flags: ServerFlags,
  { clock, log }: { clock: Clock; log: Log },
): Promise<{ audit: AuditOptions; component: AuditLog } | undefined> {
  const { auditPolicyFile, auditLogPath } = flags;
  if (auditPolicyFile === undefined && auditLogPath === undefined) return undefined;
  if (auditPolicyFile === undefined) throw new Error('--audit-log-path: --audit-policy-file is needed as well');
  if (auditLogPath === undefined) throw new Error('--audit-policy-file: --audit-log-path is needed as well');
  const policy = await readPolicy(auditPolicyFile);
  const component = new AuditLog({
    file: auditLogPath,
    maxBytes: flags.auditLogMaxsize * MEGABYTE,
    maxBackups: flags.auditLogMaxbackup,
    maxDays: flags.auditLogMaxage,
    clock,
    log,
  });
  return { audit: { policy, write: (event) => component.write(event) }, component };
}

async function readPolicy(file: string): Promise<AuditPolicy> {
  try {
    return new AuditPolicy(await readFile(file, 'utf8'));
  } catch (error) {
    throw new Error(`--audit-policy-file ${file}: ${(error as Error).message}`, { cause: error });
  }
}
