import type { KubeObject } from '../../api/object.ts';
import { defineCommand } from '../command.ts';
import { apiVersionOf, objectName } from '../discovery.ts';
import { CommandError, forEachAttempt } from '../errors.ts';
import { array, durationOr, toggle } from '../flags.ts';
import { Outcome, outcomeFlags } from '../outcome.ts';
import { templateFlags } from '../print/flags.ts';
import { Template, relaxed, valueText } from '../../api/machinery/jsonpath.ts';
import { selectPlaces, selectionFlags, type Place } from '../selection.ts';
import type { Session } from '../session.ts';
import { Deadline, pluralName, untilGone, untilObject } from '../waiting.ts';

const ONLY_FILES =
  'you must specify resources by --filename when --local is set.\nExample resource specifications include:\n' +
  "   '-f rsrc.yaml'\n   '--filename=rsrc.json'";

/** What `--for` may ask, and what is said when it is so. */
type Condition =
  | { readonly type: 'delete' }
  | { readonly type: 'create' }
  | { readonly type: 'test'; test(object: KubeObject): boolean };

export const command = defineCommand({
  summary: 'Wait for a specific condition on one or many resources',
  usage:
    '([-f FILENAME] | resource.group/resource.name | resource.group [(-l label | --all)]) --for=create|delete|condition=available|jsonpath=…',
  examples: [
    'dure wait --for=condition=Ready pod/web',
    'dure wait --for=delete pod/web --timeout=60s',
    "dure wait --for=jsonpath='{.status.phase}'=Running pod/web",
  ],
  flags: {
    ...selectionFlags,
    output: outcomeFlags.output,
    ...templateFlags,
    showManagedFields: outcomeFlags.showManagedFields,
    local: toggle('If true, what is waited for is named by files alone'),
    for: array('The condition to wait on: create, delete, condition=NAME[=VALUE], jsonpath={EXPR}[=VALUE]'),
    timeout: durationOr(30_000, 'The length of time to wait before giving up; negative means a week'),
  },
  async run({ args, flags, session }) {
    const wanted = flags.for.at(-1);
    if (wanted === undefined) throw new CommandError('required flag(s) "for" not set');
    const condition = conditionOf(wanted);
    if (flags.local && args.length > 0) throw new CommandError(ONLY_FILES);
    const week = 7 * 24 * 60 * 60 * 1000;
    const milliseconds = flags.timeout < 0 ? week : flags.timeout || -1;
    const deadline = new Deadline({ milliseconds, clock: session.world.clock });
    const outcome = new Outcome({ ...flags, dryRun: 'none', fieldManager: '' }, session);
    const places = await selectPlaces(args, flags, session);
    if (places.length === 0) throw new CommandError('no matching resources found');
    await forEachAttempt(places, async (place) => {
      const what = `waiting for ${wanted} on ${objectName(place.resource, place.name)}`;
      const object = await untilMet(place, { what, condition }, session, deadline);
      if (object) await outcome.say(place.resource, { ...object, ...typeOf(place) }, 'condition met');
    });
  },
});

/** Items of lists come without it. */
function typeOf({ resource }: Place): { readonly apiVersion: string; readonly kind: string } {
  return { apiVersion: apiVersionOf(resource), kind: resource.kind };
}

/** Undefined for what was to be deleted and is not there. */
async function untilMet(
  place: Place,
  { what, condition }: { readonly what: string; readonly condition: Condition },
  session: Session,
  deadline: Deadline,
): Promise<KubeObject | undefined> {
  if (condition.type === 'delete') return untilGone(place, session, deadline);
  let wasThere = condition.type === 'create';
  const done = (object: KubeObject | undefined): boolean => {
    if (!object && !wasThere) throw missing(place);
    wasThere = true;
    return object !== undefined && (condition.type === 'create' || condition.test(object));
  };
  return untilObject(place, { what, done }, session, deadline);
}

function missing(place: Place): CommandError {
  return new CommandError(`${pluralName(place)} not found`);
}

function conditionOf(text: string): Condition {
  const lower = text.toLowerCase();
  if (lower === 'delete' || lower === 'create') return { type: lower };
  if (lower.startsWith('condition=')) {
    const [name = '', value = 'true'] = text.slice('condition='.length).split('=');
    return { type: 'test', test: (object) => statusOf(object, name.toLowerCase()) === value.toLowerCase() };
  }
  if (lower.startsWith('jsonpath=')) return jsonpathCondition(text.slice('jsonpath='.length));
  throw new CommandError(`unrecognized condition: "${text}"`);
}

interface WithConditions {
  readonly metadata: { readonly generation?: number };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly observedGeneration?: number;
    }[];
  };
}

/** Of a condition that speaks of the object as it is now. */
function statusOf(object: KubeObject, name: string): string | undefined {
  const { metadata, status = {} } = object as WithConditions;
  const condition = status.conditions?.find(({ type }) => type.toLowerCase() === name);
  const observed = condition?.observedGeneration ?? status.observedGeneration ?? Infinity;
  return observed < (metadata.generation ?? 0) ? undefined : condition?.status.toLowerCase();
}

function jsonpathCondition(text: string): Condition {
  const [, expression = '', value] = /^(\{.*?\}|[^=]*)(?:=(.*))?$/s.exec(text.replaceAll(/^['"]|['"]$/g, '')) ?? [];
  const template = Template.parse(relaxed(expression));
  const wanted = value?.replaceAll(/^['"]|['"]$/g, '');
  return {
    type: 'test',
    test(object) {
      const found = template.find(object);
      if (found.length > 1) throw new CommandError('given jsonpath expression matches more than one value');
      const [only] = found;
      if (only === undefined) return false;
      return wanted === undefined || valueText(only) === wanted;
    },
  };
}
