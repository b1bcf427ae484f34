import { createInterface } from 'node:readline';
import { defineCommand } from '../command.ts';
import { objectName } from '../discovery.ts';
import { CommandError, forEachAttempt } from '../errors.ts';
import { durationOr, integerOr, text, textWithBare, toggle } from '../flags.ts';
import { isNotFound } from '../get/tables.ts';
import { Outcome } from '../outcome.ts';
import { rawFlag, sendRaw } from '../raw.ts';
import { selectPlaces, selectionFlags, type Place } from '../selection.ts';
import type { Session } from '../session.ts';
import { Deadline, untilGone } from '../waiting.ts';

const PROPAGATION: Readonly<Record<string, string>> = {
  background: 'Background',
  true: 'Background',
  foreground: 'Foreground',
  orphan: 'Orphan',
  false: 'Orphan',
};

export const command = defineCommand({
  summary: 'Delete resources by file names, stdin, resources and names, or by resources and label selector',
  usage: '([-f FILENAME] | TYPE [(NAME | -l label | --all)])',
  examples: ['dure delete pod web', 'dure delete -f app.yaml', 'dure delete pods -l app=hello --wait=false'],
  flags: {
    ...selectionFlags,
    cascade: textWithBare('background', 'background', 'Must be "background", "orphan", or "foreground"'),
    dryRun: textWithBare('unchanged', 'none', 'Must be "none", "server", or "client"'),
    force: toggle('If true, immediately remove resources from API and bypass graceful deletion'),
    gracePeriod: integerOr(-1, 'Period of time in seconds given to the resource to terminate gracefully'),
    ignoreNotFound: toggle('Treat "resource not found" as a successful delete'),
    interactive: toggle('If true, delete resource only when user confirms.', { short: 'i' }),
    now: toggle('If true, resources are signaled for immediate shutdown (same as --grace-period=1)'),
    output: text('Output mode. Use "-o name" for shorter output (resource/name)', { short: 'o' }),
    raw: rawFlag('DELETE'),
    timeout: durationOr(0, 'The length of time to wait before giving up on a delete, zero means as long as it takes'),
    wait: toggle('If true, wait for resources to be gone before returning', { fallback: true }),
  },
  async run({ args, flags, session }) {
    const { output } = flags;
    if (output !== undefined && output !== 'name') {
      throw new CommandError(`unexpected -o output mode: ${output}. We only support '-o name'`);
    }
    const propagationPolicy = PROPAGATION[flags.cascade];
    if (propagationPolicy === undefined) {
      throw new CommandError(
        `invalid cascade value (${flags.cascade}). Must be "background", "foreground", or "orphan"`,
      );
    }
    const gracePeriodSeconds = graceOf(flags);
    if (flags.raw !== undefined) {
      if (flags.interactive) throw new CommandError('--interactive can not be used with --raw');
      return sendRaw('DELETE', flags.raw, flags, session);
    }
    const places = await selectPlaces(args, flags, session);
    if (places.length === 0) return session.print('No resources found');
    if (flags.interactive && !(await confirmed(places, session))) return session.print('deletion is cancelled');
    if (gracePeriodSeconds === 0 && flags.force) {
      session.warn(
        'Warning: Immediate deletion does not wait for confirmation that the running resource has been terminated. ' +
          'The resource may continue to run on the cluster indefinitely.',
      );
    }
    const outcome = new Outcome(
      { ...flags, output: undefined, showManagedFields: false, fieldManager: 'dure' },
      session,
    );
    const client = await session.client();
    const options = {
      kind: 'DeleteOptions',
      apiVersion: 'v1',
      propagationPolicy,
      ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
      // A server that is given options in a body does not look for them in the query.
      ...(flags.dryRun === 'server' ? { dryRun: ['All'] } : {}),
    };
    const deleted: Place[] = [];
    await forEachAttempt(places, async (place) => {
      try {
        if (outcome.isClientOnly) await client.get(place.path);
        else await client.delete(place.path, options);
      } catch (error) {
        if ((flags.ignoreNotFound || places.every(({ object }) => object)) && isNotFound(error)) return;
        throw error;
      }
      session.print(sentence(place, output, gracePeriodSeconds === 0 && flags.force, flags.dryRun));
      deleted.push(place);
    });
    if (flags.wait && flags.dryRun === 'none') await waitFor(deleted, flags.timeout, session);
  },
});

function graceOf(flags: { force: boolean; gracePeriod: number; now: boolean }): number | undefined {
  const { force, gracePeriod, now } = flags;
  if (now && gracePeriod !== -1) throw new CommandError('--now and --grace-period cannot be specified together');
  if (force && gracePeriod > 0)
    throw new CommandError('--force and --grace-period greater than 0 cannot be specified together');
  if (now) return 1;
  if (force) return 0;
  if (gracePeriod === 0) return 1;
  return gracePeriod < 0 ? undefined : gracePeriod;
}

async function confirmed(places: readonly Place[], session: Session): Promise<boolean> {
  session.print(`You are about to delete the following ${places.length} resource(s):`);
  for (const { resource, name } of places) session.print(objectName(resource, name));
  session.write('Do you want to continue? (y/N): ');
  const lines = createInterface({ input: session.world.stdin });
  try {
    for await (const line of lines) return line.trim().toLowerCase() === 'y';
    return false;
  } finally {
    lines.close();
  }
}

function sentence(
  { resource, namespace, name }: Place,
  output: string | undefined,
  forced: boolean,
  dryRun: string,
): string {
  const singular = resource.singular || resource.kind.toLowerCase();
  const type = resource.group === '' ? singular : `${singular}.${resource.group}`;
  if (output === 'name') return `${type}/${name}`;
  const where = namespace === undefined ? '' : ` from ${namespace} namespace`;
  const suffix = dryRun === 'none' ? '' : dryRun === 'server' ? ' (server dry run)' : ' (dry run)';
  return `${type} "${name}" ${forced ? 'force deleted' : 'deleted'}${where}${suffix}`;
}

async function waitFor(places: readonly Place[], timeout: number, session: Session): Promise<void> {
  const deadline = new Deadline({ milliseconds: timeout, clock: session.world.clock });
  for (const place of places) await untilGone(place, session, deadline);
}
