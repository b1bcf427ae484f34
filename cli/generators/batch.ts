/** `create job`, `create cronjob`. */
import type { CronJob, Job } from '../../api/types/batch.v1.ts';
import type { PodTemplateSpec } from '../../api/types/core.v1.ts';
import { defineCommand } from '../command.ts';
import { CommandError } from '../errors.ts';
import { text, textOr } from '../flags.ts';
import type { Session } from '../session.ts';
import { parseOne, pathOf } from '../targets.ts';
import { createFlags, createObject, onlyName } from './create.ts';

export const job = defineCommand({
  summary: 'Create a job with the specified name',
  usage: 'NAME --image=image [--from=cronjob/name] -- [COMMAND] [args...]',
  examples: ['dure create job once --image=busybox -- date', 'dure create job now --from=cronjob/nightly'],
  flags: {
    ...createFlags,
    image: text('Image name to run'),
    from: text('The name of the resource to create a Job from (only cronjob is supported)'),
  },
  async run({ args, afterDash = [], flags, session }) {
    const name = onlyName(args);
    const { image, from } = flags;
    if ((image === undefined) === (from === undefined)) {
      throw new CommandError('either --image or --from must be specified');
    }
    if (from !== undefined && afterDash.length > 0) throw new CommandError('cannot specify --from and command');
    const made = from === undefined ? jobOf(name, image ?? '', afterDash) : await instanceOf(name, from, session);
    await createObject(made, flags, session);
  },
});

function jobOf(name: string, image: string, command: readonly string[]): Job {
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name },
    spec: { template: templateOf(name, image, command, 'Never') },
    status: {},
  };
}

/** A job now, as the cron job would make it at its time. */
async function instanceOf(name: string, from: string, session: Session): Promise<Job> {
  const target = await parseOne([from], session);
  if (target.resource.kind !== 'CronJob') throw new CommandError(`from must be an existing cronjob`);
  const { metadata, spec } = await (await session.client()).get<CronJob>(pathOf(target));
  const { metadata: own, spec: jobSpec } = spec.jobTemplate;
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name,
      annotations: { 'cronjob.kubernetes.io/instantiate': 'manual', ...own?.annotations },
      ...(own?.labels ? { labels: own.labels } : {}),
      ownerReferences: [
        {
          apiVersion: 'batch/v1',
          kind: 'CronJob',
          name: metadata.name ?? '',
          uid: metadata.uid ?? '',
          controller: true,
        },
      ],
    },
    ...(jobSpec ? { spec: jobSpec } : {}),
    status: {},
  } as Job;
}

export const cronjob = defineCommand({
  summary: 'Create a cron job with the specified name',
  usage: "NAME --image=image --schedule='0/5 * * * ?' -- [COMMAND] [args...]",
  examples: ["dure create cronjob nightly --image=busybox --schedule='0 3 * * *' -- date"],
  flags: {
    ...createFlags,
    image: text('Image name to run'),
    schedule: text('A schedule in the Cron format the job should be run with'),
    restart: textOr('OnFailure', "The job's restart policy: OnFailure, Never"),
  },
  async run({ args, afterDash = [], flags, session }) {
    const name = onlyName(args);
    const { image, schedule, restart } = flags;
    const missing = Object.entries({ image, schedule }).flatMap(([flag, value]) =>
      value === undefined ? [`"${flag}"`] : [],
    );
    if (image === undefined || schedule === undefined) {
      throw new CommandError(`required flag(s) ${missing.join(', ')} not set`);
    }
    const object: CronJob = {
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      metadata: { name },
      spec: {
        jobTemplate: { metadata: { name }, spec: { template: templateOf(name, image, afterDash, restart) } },
        schedule,
      },
      status: {},
    };
    await createObject(object, flags, session);
  },
});

function templateOf(name: string, image: string, command: readonly string[], restartPolicy: string): PodTemplateSpec {
  const container = { ...(command.length > 0 ? { command: [...command] } : {}), image, name, resources: {} };
  return { metadata: {}, spec: { containers: [container], restartPolicy } };
}
