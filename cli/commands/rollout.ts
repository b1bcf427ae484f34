import type { Deployment } from '../../api/schema/types/apps.v1.ts';
import type { KubeObject } from '../../api/object.ts';
import { defineCommand, type CommandModule } from '../command.ts';
import { objectName } from '../discovery.ts';
import { CommandError, forEachAttempt } from '../errors.ts';
import { durationOr, toggle, wideInteger } from '../flags.ts';
import { Outcome, outcomeFlags } from '../outcome.ts';
import { selectObjects, selectionFlags, type Selected } from '../selection.ts';
import {
  CHANGE_CAUSE,
  RESTARTED_AT,
  replicaSetsOf,
  requireDeployment,
  revisionOf,
  rolloutStatus,
  TEMPLATE_HASH,
} from '../workloads.ts';
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
      requireDeployment(selected, 'rollout status');
      let said = '';
      const done = (object: KubeObject | undefined): boolean => {
        if (!object) throw new CommandError(`${objectName(selected.resource, selected.name)} was deleted`);
        const { revision } = given;
        if (revision > 0 && revision !== revisionOf(object)) {
          throw new CommandError(
            `desired revision (${revision}) is different from the running revision (${revisionOf(object)})`,
          );
        }
        const { text, isDone } = rolloutStatus(object as Deployment);
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
    await forEachAttempt(await selectObjects<Deployment>(args, given, session), async (selected) => {
      requireDeployment(selected, 'rollout history');
      const sets = await replicaSetsOf(selected.object, session);
      const name = objectName(selected.resource, selected.name);
      if (given.revision > 0) {
        const found = sets.find((set) => revisionOf(set) === given.revision);
        if (!found) throw new CommandError(`unable to find the specified revision`);
        const { describeTemplate } = await import('../describe/template.ts');
        session.print(`${name} with revision #${given.revision}`);
        return session.print(
          describeTemplate(found.spec.template ?? { metadata: {}, spec: { containers: [] } }).join('\n'),
        );
      }
      const rows = sets.map((set) => [String(revisionOf(set)), set.metadata.annotations?.[CHANGE_CAUSE] ?? '<none>']);
      // kubectl sets these columns closer than others.
      session.print(`${name} `);
      for (const [revision = '', cause] of [['REVISION', 'CHANGE-CAUSE'], ...rows])
        session.print(`${revision.padEnd(10)}${cause}`);
      session.print('');
    });
  },
});

/** A verb that patches each deployment. `change` may say, instead, why there is nothing to do. */
function patching(
  summary: string,
  usage: string,
  done: string,
  change: (deployment: Deployment) => object | string,
): CommandModule {
  return defineCommand({
    summary,
    usage,
    flags,
    async run({ args, flags: given, session }) {
      const outcome = new Outcome(given, session);
      const client = await session.client();
      await forEachAttempt(await selectObjects<Deployment>(args, given, session), async (selected) => {
        requireDeployment(selected, done);
        const patch = change(selected.object);
        if (typeof patch === 'string')
          throw new CommandError(`${selected.resource.name}.${selected.resource.group} "${selected.name}" ${patch}`);
        const patched = outcome.isClientOnly
          ? selected.object
          : await client.patch<Deployment>(selected.path, 'strategic-merge-patch', patch, { query: outcome.query });
        await outcome.say(selected.resource, patched, done);
      });
    },
  });
}

const restart = patching('Restart a resource', '(TYPE NAME | TYPE/NAME)', 'restarted', ({ spec }) => {
  if (spec.paused) return "can't restart paused deployment (run rollout resume first)";
  const annotations = { [RESTARTED_AT]: `${new Date().toISOString().slice(0, 19)}Z` };
  return { spec: { template: { metadata: { annotations } } } };
});

const pause = patching('Mark the provided resource as paused', '(TYPE NAME | TYPE/NAME)', 'paused', ({ spec }) =>
  spec.paused ? 'is already paused' : { spec: { paused: true } },
);

const resume = patching('Resume a paused resource', '(TYPE NAME | TYPE/NAME)', 'resumed', ({ spec }) =>
  spec.paused ? { spec: { paused: null } } : 'is not paused',
);

const undo = defineCommand({
  summary: 'Undo a previous rollout',
  usage: '(TYPE NAME | TYPE/NAME) [--to-revision=N]',
  flags: { ...flags, toRevision: wideInteger('The revision to rollback to. Default to 0 (last revision)') },
  async run({ args, flags: given, session }) {
    const outcome = new Outcome(given, session);
    const client = await session.client();
    await forEachAttempt(await selectObjects<Deployment>(args, given, session), async (selected) => {
      requireDeployment(selected, 'rollout undo');
      const { object, resource, path } = selected;
      if (object.spec.paused) {
        throw new CommandError(
          `you cannot rollback a paused deployment; resume it first with 'dure rollout resume' and try again`,
        );
      }
      const template = await templateOf(selected, given.toRevision, session);
      const patch = [{ op: 'replace', path: '/spec/template', value: template }];
      if (JSON.stringify(template) === JSON.stringify(object.spec.template)) {
        return outcome.say(
          resource,
          object,
          `skipped rollback (current template already matches revision ${given.toRevision || revisionOf(object)})`,
        );
      }
      const changed = outcome.isClientOnly
        ? object
        : await client.patch<Deployment>(path, 'json-patch', patch, { query: outcome.query });
      await outcome.say(resource, changed, 'rolled back');
    });
  },
});

/** The pod template of a revision; 0 is the one before this. */
async function templateOf(
  { object, name }: Selected<Deployment>,
  revision: bigint,
  session: Parameters<typeof replicaSetsOf>[1],
): Promise<object> {
  const sets = await replicaSetsOf(object, session);
  const current = revisionOf(object);
  const found =
    revision > 0
      ? sets.find((set) => revisionOf(set) === revision)
      : sets.filter((set) => revisionOf(set) !== current).at(-1);
  if (!found) {
    throw new CommandError(
      revision > 0
        ? `unable to find specified revision ${revision} in history`
        : `no rollout history found for deployment "${name}"`,
    );
  }
  const { metadata, ...rest } = found.spec.template ?? { metadata: {} };
  const { [TEMPLATE_HASH]: _hash, ...labels } = metadata.labels ?? {};
  return { ...rest, metadata: { ...metadata, labels } };
}

export const command: CommandModule = {
  summary: 'Manage the rollout of one or many resources',
  usage: '(status|history|undo|restart|pause|resume) (TYPE NAME | TYPE/NAME)',
  subcommands: { status, history, undo, restart, pause, resume },
};
