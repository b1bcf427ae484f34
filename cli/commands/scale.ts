import type { KubeObject } from '../../api/object.ts';
import { defineCommand } from '../command.ts';
import { CommandError, forEachAttempt } from '../errors.ts';
import { durationOr, integerOr, text } from '../flags.ts';
import { Outcome, outcomeFlags } from '../outcome.ts';
import { selectPlaces, selectionFlags, type Place } from '../selection.ts';
import { Deadline, untilObject } from '../waiting.ts';
import type { Session } from '../session.ts';

interface Scale extends KubeObject {
  spec?: { replicas?: number };
}

export const command = defineCommand({
  summary: 'Set a new size for a deployment or replica set',
  usage: '[--resource-version=version] [--current-replicas=count] --replicas=COUNT (-f FILENAME | TYPE NAME)',
  examples: ['dure scale deployment/web --replicas=5'],
  flags: {
    ...selectionFlags,
    ...outcomeFlags,
    replicas: integerOr(-1, 'The new desired number of replicas. Required'),
    currentReplicas: integerOr(-1, 'Precondition for current size'),
    resourceVersion: text('Precondition for resource version'),
    timeout: durationOr(0, "The length of time to wait until it has the new size, zero means don't wait"),
  },
  async run({ args, flags, session }) {
    if (flags.replicas < 0)
      throw new CommandError('The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0');
    if (flags.currentReplicas < -1)
      throw new CommandError('The --current-replicas must specify an integer of -1 or greater');
    const outcome = new Outcome(flags, session);
    const client = await session.client();
    const places = await selectPlaces(args, flags, session);
    if (flags.resourceVersion && places.length > 1) {
      throw new CommandError('cannot use --resource-version with multiple resources');
    }
    await forEachAttempt(places, async (place) => {
      if (!place.resource.subresources.includes('scale')) {
        throw new CommandError(`cannot scale ${place.resource.name}: the resource has no scale`);
      }
      const scale = await client.get<Scale>(`${place.path}/scale`);
      const current = scale.spec?.replicas ?? 0;
      if (flags.currentReplicas >= 0 && current !== flags.currentReplicas) {
        throw new CommandError(`Expected replicas to be ${flags.currentReplicas}, was ${current}`);
      }
      const { resourceVersion = '' } = scale.metadata;
      if (flags.resourceVersion && flags.resourceVersion !== resourceVersion) {
        throw new CommandError(`Expected resource version to be ${flags.resourceVersion}, was ${resourceVersion}`);
      }
      const spec = { ...scale.spec, replicas: flags.replicas };
      if (!outcome.isClientOnly)
        await client.update(`${place.path}/scale`, { ...scale, spec }, { query: outcome.query });
      if (flags.timeout > 0) await untilScaled(place, flags.replicas, flags.timeout, session);
      await outcome.say(place.resource, scale, 'scaled');
    });
  },
});

interface Scaled {
  readonly status?: { readonly replicas?: number };
}

async function untilScaled(place: Place, replicas: number, milliseconds: number, session: Session): Promise<void> {
  const deadline = new Deadline({ milliseconds, clock: session.world.clock });
  const done = (object: KubeObject | undefined): boolean =>
    ((object as Scaled | undefined)?.status?.replicas ?? 0) === replicas;
  await untilObject(place, { what: `waiting for ${replicas} replicas`, done }, session, deadline);
}
