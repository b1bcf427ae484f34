import type { SelfSubjectReview } from '../../api/types/authentication.v1.ts';
import type {
  SelfSubjectAccessReview,
  SelfSubjectAccessReviewSpec,
  SelfSubjectRulesReview,
} from '../../api/types/authorization.v1.ts';
import { ApiError } from '../../lib/client/errors.ts';
import { reconcile } from '../auth/reconcile.ts';
import { RULE_HEADS, ruleRows } from '../auth/rules.ts';
import { defineCommand, type CommandModule } from '../command.ts';
import { CommandError } from '../errors.ts';
import { text, toggle } from '../flags.ts';
import { outcomeFlags } from '../outcome.ts';
import { aligned } from '../print/align.ts';
import { formatOf, templateFlags } from '../print/flags.ts';
import { printerFor } from '../print/printer.ts';
import type { Session } from '../session.ts';

const AUTHORIZATION = 'authorization.k8s.io/v1';
const AUTHENTICATION = 'authentication.k8s.io/v1';
const NO_REVIEWS = 'the selfsubjectreviews API is not enabled in the cluster or you do not have permission to call it';
const RESOURCE_VERBS: ReadonlySet<string> = new Set(
  'get list watch create update patch delete deletecollection use bind impersonate * approve sign escalate attest'.split(
    ' ',
  ),
);
const PATH_VERBS: ReadonlySet<string> = new Set(['get', 'put', 'post', 'head', 'options', 'delete', 'patch', '*']);
/** What can be impersonated, but is no resource that a client could find. */
const UNLISTED: ReadonlySet<string> = new Set(['users', 'groups']);

const canI = defineCommand({
  summary: 'Check whether an action is allowed',
  usage: 'VERB [TYPE | TYPE/NAME | NONRESOURCEURL]',
  examples: ['dure auth can-i create pods -A', 'dure auth can-i get /metrics', 'dure auth can-i --list --as=ann'],
  flags: {
    allNamespaces: toggle('If true, check the specified action in all namespaces.', { short: 'A' }),
    list: toggle('If true, prints all allowed actions.'),
    noHeaders: toggle('If true, prints allowed actions without headers'),
    quiet: toggle('If true, suppress output and just return the exit code.', { short: 'q' }),
    subresource: text('SubResource such as pod/log or deployment/scale'),
  },
  async run({ args, flags, session }) {
    if (flags.list) {
      if (args.length > 0) throw new CommandError('list option must be specified with no arguments');
      if (flags.quiet || flags.allNamespaces || flags.subresource) {
        const why = "list option can't be specified with neither quiet, all-namespaces nor subresource options";
        throw new CommandError(why);
      }
      return listRights(session, flags.noHeaders);
    }
    const [verb, what, ...more] = args;
    if (verb === undefined || what === undefined || more.length > 0) {
      const why = 'you must specify two arguments: verb resource or verb resource/resourceName.';
      throw new CommandError(`${why}\nSee 'dure auth can-i -h' for help and examples.`);
    }
    if (flags.noHeaders) throw new CommandError('--no-headers cannot be set without --list specified');
    const { subresource = '' } = flags;
    if (what.startsWith('/') && subresource !== '') {
      throw new CommandError('--subresource can not be used with NonResourceURL');
    }
    const spec = what.startsWith('/')
      ? aboutPath(session, verb, what)
      : await aboutResource(session, verb, what, { subresource, everywhere: flags.allNamespaces });
    const { allowed, words } = await ask(session, spec);
    if (!flags.quiet) session.print(words);
    return allowed ? 0 : 1;
  },
});

function aboutPath(session: Session, verb: string, path: string): SelfSubjectAccessReviewSpec {
  if (!PATH_VERBS.has(verb)) warn(session, `verb '${verb}' is not a known verb`);
  return { nonResourceAttributes: { verb, path } };
}

async function aboutResource(
  session: Session,
  verb: string,
  what: string,
  { subresource, everywhere }: { subresource: string; everywhere: boolean },
): Promise<SelfSubjectAccessReviewSpec> {
  const slash = what.indexOf('/');
  const word = slash < 0 ? what : what.slice(0, slash);
  const name = slash < 0 ? '' : what.slice(slash + 1);
  const found = word === '*' ? undefined : await (await session.discovery()).findOrNone(word);
  if (!found && word !== '*' && !UNLISTED.has(word)) warn(session, unknownType(word));
  if (found && !found.namespaced && !everywhere) {
    const inGroup = found.group === '' ? '' : ` in group '${found.group}'`;
    warn(session, `resource '${found.name}' is not namespace scoped${inGroup}`);
  }
  if (!RESOURCE_VERBS.has(verb) && !everywhere) warn(session, `verb '${verb}' is not a known verb`);
  const namespace = everywhere ? '' : await session.namespace();
  const { group = '', name: resource = word } = found ?? {};
  return { resourceAttributes: { namespace, verb, group, resource, subresource, name } };
}

function unknownType(word: string): string {
  const [name = '', ...group] = word.toLowerCase().split('.');
  const inGroup = group.length === 0 ? '' : ` in group '${group.join('.')}'`;
  return `the server doesn't have a resource type '${name}'${inGroup}`;
}

function warn(session: Session, what: string): void {
  session.warn(`Warning: ${what}\n`);
}

async function ask(session: Session, spec: SelfSubjectAccessReviewSpec): Promise<{ allowed: boolean; words: string }> {
  const client = await session.client();
  const body = { apiVersion: AUTHORIZATION, kind: 'SelfSubjectAccessReview', spec };
  const path = `/apis/${AUTHORIZATION}/selfsubjectaccessreviews`;
  const { status } = await client.create<SelfSubjectAccessReview>(path, body);
  if (status.allowed) return { allowed: true, words: 'yes' };
  return { allowed: false, words: ['no', status.reason, status.evaluationError].filter(Boolean).join(' - ') };
}

async function listRights(session: Session, bare: boolean): Promise<void> {
  const client = await session.client();
  const spec = { namespace: await session.namespace() };
  const body = { apiVersion: AUTHORIZATION, kind: 'SelfSubjectRulesReview', spec };
  const path = `/apis/${AUTHORIZATION}/selfsubjectrulesreviews`;
  const { status } = await client.create<SelfSubjectRulesReview>(path, body);
  if (status.incomplete) session.warn(`Warning: the list may be incomplete: ${status.evaluationError ?? ''}`);
  for (const line of aligned([...(bare ? [] : [RULE_HEADS]), ...ruleRows(status)])) session.print(line);
}

const whoAmI = defineCommand({
  summary: 'Check self subject attributes',
  usage: '',
  flags: {
    output: outcomeFlags.output,
    ...templateFlags,
    showManagedFields: outcomeFlags.showManagedFields,
  },
  async run({ flags, session }) {
    const client = await session.client();
    const body = { apiVersion: AUTHENTICATION, kind: 'SelfSubjectReview' };
    const path = `/apis/${AUTHENTICATION}/selfsubjectreviews`;
    const review = await client.create<SelfSubjectReview>(path, body).catch((error: unknown) => {
      throw error instanceof ApiError && (error.code === 403 || error.code === 404)
        ? new CommandError(NO_REVIEWS)
        : error;
    });
    const output = formatOf(flags);
    if (output !== undefined) return session.write((await printerFor(output, flags)).print(review));
    const { username, uid, groups = [], extra = {} } = review.status.userInfo ?? {};
    const rows = [
      ['ATTRIBUTE', 'VALUE'],
      ...(username ? [['Username', username]] : []),
      ...(uid ? [['UID', uid]] : []),
      ...(groups.length > 0 ? [['Groups', `[${groups.join(' ')}]`]] : []),
      ...Object.entries(extra)
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, values]) => [`Extra: ${key}`, `[${values.join(' ')}]`]),
    ];
    for (const line of aligned(rows)) session.print(line);
  },
});

export const command: CommandModule = {
  summary: 'Inspect authorization',
  usage: '(can-i | reconcile | whoami)',
  subcommands: { 'can-i': canI, reconcile, whoami: whoAmI },
};
