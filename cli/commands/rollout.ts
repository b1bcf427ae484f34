import { sameJson } from '../../api/machinery/json.ts';
import type { KubeObject } from '../../api/object.ts';
import { defineCommand, type CommandModule } from '../command.ts';
import { objectName } from '../discovery.ts';
import { CommandError, forEachAttempt } from '../errors.ts';
import { durationOr, toggle, wideInteger } from '../flags.ts';
import { rolloutKindOf, type Rollable, type RolloutKind } from '../rollout/kinds.ts';
import type { Revision } from '../rollout/revisions.ts';
import { Outcome, outcomeFlags } from '../outcome.ts';
import { selectObjects, selectionFlags, type Place, type Selected } from '../selection.ts';
import type { Session } from '../session.ts';
import { RESTARTED_AT, requireDeployment } from '../workloads.ts';
import { Deadline, untilObject } from '../waiting.ts';

const flags = { ...selectionFlags, ...outcomeFlags };

const status = defineCommand({
  summary: 'Show the status of the rollout',
  usage: '(TYPE NAME | TYPE/NAME)',
  flags: {
    ...selectionFlags,
    watch: toggle("Watch the status of the rollout until it's done", { short: 'w', fallback: true }),
    timeout: durationOr(0, 'The length of time to wait before ending watch, zero means never'),
    revision: wideInteger('Pin to a specific revision for showing its status'),
  },
  async run({ args, flags: given, session }) {
    const deadline = new Deadline({ milliseconds: given.timeout, clock: session.world.clock });
    await forEachAttempt(await selectObjects(args, given, session), async (selected) => {
      const kind = rolloutKindOf(selected, 'rollout status');
      let said = '';
      const done = (object: KubeObject | undefined): boolean => {
        if (!object) throw new CommandError(`${objectName(selected.resource, selected.name)} was deleted`);
        const { revision } = given;
        const running = kind.numberOf(object as Rollable);
        if (revision > 0 && running !== undefined && revision !== running) {
          throw new CommandError(`desired revision (${revision}) is different from the running revision (${running})`);
        }
        const { text, isDone } = kind.statusOf(object as Rollable);
        if (text !== said) session.print(text);
        said = text;
        return isDone || !given.watch;
      };
      await untilObject(
        selected,
        { what: `waiting for ${objectName(selected.resource, selected.name)}`, done },
        session,
        deadline,
      );
    });
  },
});

const history = defineCommand({
  summary: 'View rollout history',
  usage: '(TYPE NAME | TYPE/NAME) [--revision=N]',
  flags: {
    ...selectionFlags,
    revision: wideInteger('See the details, including podTemplate of the revision specified'),
  },
  async run({ args, flags: given, session }) {
    await forEachAttempt(await selectObjects<Rollable>(args, given, session), async (selected) => {
      const revisions = await rolloutKindOf(selected, 'rollout history').revisionsOf(selected.object, session);
      const name = objectName(selected.resource, selected.name);
      if (given.revision > 0) {
        const found = revisions.find(({ number }) => number === given.revision);
        if (!found) throw new CommandError(`unable to find the specified revision`);
        const { describeTemplate } = await import('../describe/template.ts');
        session.print(`${name} with revision #${given.revision}`);
        return session.print(describeTemplate(found.template).join('\n'));
      }
      const rows = revisions.map(({ number, cause }) => [String(number), cause || '<none>']);
      // kubectl sets these columns closer than others.
      session.print(`${name} `);
      for (const [revision = '', cause] of [['REVISION', 'CHANGE-CAUSE'], ...rows])
        session.print(`${revision.padEnd(10)}${cause}`);
      session.print('');
    });
  },
});

/** A verb that patches each object. `change` may say, instead, why there is nothing to do. */
function patching(
  summary: string,
  done: string,
  require: (place: Place, verb: string) => unknown,
  change: (object: Rollable) => object | string,
): CommandModule {
  return defineCommand({
    summary,
    usage: '(TYPE NAME | TYPE/NAME)',
    flags,
    async run({ args, flags: given, session }) {
      const outcome = new Outcome(given, session);
      const client = await session.client();
      await forEachAttempt(await selectObjects<Rollable>(args, given, session), async (selected) => {
        require(selected, done);
        const patch = change(selected.object);
        if (typeof patch === 'string')
          throw new CommandError(`${selected.resource.name}.${selected.resource.group} "${selected.name}" ${patch}`);
        const patched = outcome.isClientOnly
          ? selected.object
          : await client.patch<Rollable>(selected.path, 'strategic-merge-patch', patch, { query: outcome.query });
        await outcome.say(selected.resource, patched, done);
      });
    },
  });
}

const restart = patching('Restart a resource', 'restarted', rolloutKindOf, ({ spec }) => {
  if (spec.paused) return "can't restart paused deployment (run rollout resume first)";
  const annotations = { [RESTARTED_AT]: `${new Date().toISOString().slice(0, 19)}Z` };
  return { spec: { template: { metadata: { annotations } } } };
});

const pause = patching('Mark the provided resource as paused', 'paused', requireDeployment, ({ spec }) =>
  spec.paused ? 'is already paused' : { spec: { paused: true } },
);

const resume = patching('Resume a paused resource', 'resumed', requireDeployment, ({ spec }) =>
  spec.paused ? { spec: { paused: null } } : 'is not paused',
);

const undo = defineCommand({
  summary: 'Undo a previous rollout',
  usage: '(TYPE NAME | TYPE/NAME) [--to-revision=N]',
  flags: { ...flags, toRevision: wideInteger('The revision to rollback to. Default to 0 (last revision)') },
  async run({ args, flags: given, session }) {
    const outcome = new Outcome(given, session);
    const client = await session.client();
    await forEachAttempt(await selectObjects<Rollable>(args, given, session), async (selected) => {
      const kind = rolloutKindOf(selected, 'rollout undo');
      const { object, resource, path } = selected;
      if (object.spec.paused) {
        throw new CommandError(
          `you cannot rollback a paused deployment; resume it first with 'dure rollout resume' and try again`,
        );
      }
      const { template, number } = await chosen(kind, selected, given.toRevision, session);
      if (sameJson(template, object.spec.template)) {
        return outcome.say(
          resource,
          object,
          `skipped rollback (current template already matches revision ${given.toRevision || number})`,
        );
      }
      const patch = [{ op: 'replace', path: '/spec/template', value: template }];
      const changed = outcome.isClientOnly
        ? object
        : await client.patch<Rollable>(path, 'json-patch', patch, { query: outcome.query });
      await outcome.say(resource, changed, 'rolled back');
    });
  },
});

/** The revision of that number; 0 is the one before the present one. */
async function chosen(
  { revisionsOf, numberOf, noPrevious }: RolloutKind,
  { object, name }: Selected<Rollable>,
  wanted: bigint,
  session: Session,
): Promise<Revision> {
  const revisions = await revisionsOf(object, session);
  const current = numberOf(object) ?? revisions.at(-1)?.number;
  const found =
    wanted > 0
      ? revisions.find(({ number }) => number === wanted)
      : revisions.filter(({ number }) => number !== current).at(-1);
  if (found) return found;
  throw new CommandError(wanted > 0 ? `unable to find specified revision ${wanted} in history` : noPrevious(name));
}

export const command: CommandModule = {
  summary: 'Manage the rollout of one or many resources',
  usage: '(status|history|undo|restart|pause|resume) (TYPE NAME | TYPE/NAME)',
  subcommands: { status, history, undo, restart, pause, resume },
};
