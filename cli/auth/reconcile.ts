import { ApiError } from '../../lib/client/errors.ts';
import type { RestClient } from '../../lib/client/rest.ts';
import { defineCommand } from '../command.ts';
import { CommandError, forEachAttempt } from '../errors.ts';
import { toggle } from '../flags.ts';
import { fileFlags } from '../file-flags.ts';
import { isNotFound } from '../get/tables.ts';
import { readItems, type Item } from '../manifests.ts';
import { Outcome, outcomeFlags } from '../outcome.ts';
import type { Session } from '../session.ts';
import { reconciledBinding, reconciledRole, type AnyBinding, type AnyRole, type Reconciled } from './reconciled.ts';

const GROUP = 'rbac.authorization.k8s.io';
const MAX_CONFLICTS = 3;
const OPTED_OUT = ', but object opted out (rbac.authorization.kubernetes.io/autoupdate: false)';

export const reconcile = defineCommand({
  summary: 'Reconciles rules for RBAC role, role binding, cluster role, and cluster role binding objects',
  usage: '-f FILENAME',
  examples: ['dure auth reconcile -f rights.yaml', 'dure auth reconcile -f rights.yaml --remove-extra-permissions'],
  flags: {
    ...fileFlags,
    dryRun: outcomeFlags.dryRun,
    output: outcomeFlags.output,
    template: outcomeFlags.template,
    allowMissingTemplateKeys: outcomeFlags.allowMissingTemplateKeys,
    showManagedFields: outcomeFlags.showManagedFields,
    removeExtraPermissions: toggle('If true, removes extra permissions added to roles'),
    removeExtraSubjects: toggle('If true, removes extra subjects added to rolebindings'),
  },
  async run({ args, flags, session }) {
    if (flags.filename.length === 0 && flags.kustomize === undefined) {
      throw new CommandError('must specify one of -f and -k');
    }
    if (args.length > 0) throw new CommandError('no arguments are allowed');
    if (flags.dryRun === 'server')
      throw new CommandError('--dry-run=server for command reconcile is not supported yet');
    const outcome = new Outcome({ ...flags, fieldManager: 'dure' }, session);
    const client = await session.client();
    await forEachAttempt(await readItems(flags, session), async (item) => {
      if (item.resource.group !== GROUP) return;
      if (item.resource.version !== 'v1') {
        throw new CommandError(`only ${GROUP}/v1 is supported: not ${item.resource.version}`);
      }
      const isRole = item.resource.kind.endsWith('Role');
      const removes = isRole ? flags.removeExtraPermissions : flags.removeExtraSubjects;
      const result = await reconciled(item, removes, outcome.isClientOnly, client);
      await outcome.say(item.resource, result.object, 'reconciled');
      tell(result, isRole ? 'rules' : 'subjects', removes, session);
    });
  },
});

/** Looks again when somebody else was quicker. */
async function reconciled(
  item: Item,
  removes: boolean,
  isDry: boolean,
  client: RestClient,
): Promise<Reconciled<AnyRole | AnyBinding>> {
  for (let attempt = 1; ; attempt++) {
    const result = await planned(item, removes, client);
    if (isDry || result.isKept) return result;
    try {
      return { ...result, object: await carryOut(item, result, client) };
    } catch (error) {
      const isConflict = error instanceof ApiError && error.reason === 'Conflict';
      if (!isConflict || attempt >= MAX_CONFLICTS) throw error;
    }
  }
}

async function planned(
  { resource, object, path }: Item,
  removes: boolean,
  client: RestClient,
): Promise<Reconciled<AnyRole | AnyBinding>> {
  const found = await client.get<AnyRole & AnyBinding>(path).catch((error: unknown) => {
    if (!isNotFound(error)) throw error;
    return undefined;
  });
  return resource.kind.endsWith('Role')
    ? reconciledRole(object as AnyRole, found, removes)
    : reconciledBinding(object as AnyBinding, found, removes);
}

async function carryOut(
  { namespace, path, collection }: Item,
  { operation, object }: Reconciled<AnyRole | AnyBinding>,
  client: RestClient,
): Promise<AnyRole | AnyBinding> {
  if (operation === 'none') return object;
  if (operation === 'update') return client.update<AnyRole | AnyBinding>(path, object);
  if (operation === 'recreate') await client.delete(path);
  else if (namespace !== undefined) await ensureNamespace(namespace, client);
  return client.create<AnyRole | AnyBinding>(collection, object);
}

async function ensureNamespace(name: string, client: RestClient): Promise<void> {
  try {
    await client.get(`/api/v1/namespaces/${encodeURIComponent(name)}`);
  } catch (error) {
    if (!isNotFound(error)) throw error;
    await client.create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  }
}

function tell(
  { operation, isKept, missing, extra }: Reconciled<unknown>,
  what: string,
  removes: boolean,
  session: Session,
): void {
  if (operation === 'none') return;
  session.warn(`\treconciliation required ${operation}${isKept ? OPTED_OUT : ''}`);
  const listed = (head: string, lines: readonly string[]): void => {
    if (lines.length === 0) return;
    session.warn(`\t${head}:`);
    for (const line of lines) session.warn(`\t\t${line}`);
  };
  listed(`missing ${what} added`, missing);
  if (removes) listed(`extra ${what} removed`, extra);
}
