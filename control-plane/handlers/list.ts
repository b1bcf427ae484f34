import { badRequest, expired, isStatusError, StatusError } from '../../api/errors.ts';
import type { KubeObject } from '../../api/object.ts';
import type { ListMeta, Status } from '../../api/types/meta.v1.ts';
import type { Cached } from '../cacher/port.ts';
import { MEDIA_TYPES } from '../http/negotiate.ts';
import { writePieces } from '../http/respond.ts';
import { decodeContinue, encodeContinue, type ContinueToken } from './continue-token.ts';
import { parseListOptions, parseRevision, type ListOptions } from './list-options.ts';
import type { HandlerOptions, ResourceExchange } from './port.ts';
import { listBody } from './list-body.ts';
import { representationOf, type Representation } from './represent.ts';
import { keyOf, parseSelection, type Selection } from './selection.ts';

/** How many objects are looked at together when only some of them are wanted. */
const CHUNK = 500;

/** What one answer holds: some of the collection, and where the rest begins. */
interface Part {
  readonly entries: readonly Cached<KubeObject>[];
  readonly metadata: ListMeta;
}

/**
 * GET of a collection. A first page and whole lists come from the cache, as concatenated stored bytes; what must be as it
 * was at an older revision (further pages, resourceVersionMatch=Exact) comes from the store.
 */
export async function list(exchange: ResourceExchange, options: HandlerOptions): Promise<void> {
  const { kind } = exchange.resource;
  const parameters = parseListOptions(exchange.info.query, false);
  const representation = representationOf(exchange, options);
  const selection = parseSelection(kind, parameters.labelSelector, parameters.fieldSelector);
  const part = await readPart(exchange, options, parameters, selection);
  await sendPart(exchange, options, representation, part);
}

async function readPart(
  exchange: ResourceExchange,
  options: HandlerOptions,
  parameters: ListOptions,
  selection: Selection,
): Promise<Part> {
  if (parameters.continue !== '') {
    if (parseRevision(parameters.resourceVersion) !== undefined) {
      throw badRequest('specifying resource version is not allowed when using continue');
    }
    return continued(exchange, options, parameters, selection, decodeContinue(parameters.continue));
  }
  const revision = parseRevision(parameters.resourceVersion);
  const { resourceVersionMatch: match, limit } = parameters;
  // A limit with a revision and no rule how to match it has meant exactly that revision since before there was such a rule.
  if (revision !== undefined && (match === 'Exact' || (match === '' && limit > 0))) {
    return fromHistory(exchange, options, parameters, selection, { revision, after: undefined });
  }
  return fromCache(exchange, parameters, selection, revision);
}

async function fromCache(
  { resource, target, signal }: ResourceExchange,
  { resourceVersion, limit }: ListOptions,
  selection: Selection,
  revision: number | undefined,
): Promise<Part> {
  const { cache } = resource;
  if (revision !== undefined) await cache.waitFor(revision, signal);
  else if (resourceVersion === '') await cache.whenFresh(signal);
  const at = cache.revision;
  const key = keyOf(resource.kind, target.namespace, selection);
  const only = key === undefined ? undefined : await cache.get(key);
  const all =
    key === undefined ? await cache.list(target.namespace === '' ? undefined : target.namespace) : only ? [only] : [];
  const matching = selection.isEverything ? all : all.filter(({ object }) => selection.matches(object));
  // Any state will do for revision 0, but a further page needs one that the store has: so there is only one page.
  const size = limit > 0 && resourceVersion !== '0' ? limit : matching.length;
  const entries = matching.slice(0, size);
  return { entries, metadata: metadataFor(at, entries, matching.length - entries.length, selection) };
}

async function continued(
  exchange: ResourceExchange,
  options: HandlerOptions,
  parameters: ListOptions,
  selection: Selection,
  token: ContinueToken,
): Promise<Part> {
  const revision = token.revision === -1 ? undefined : token.revision;
  try {
    return await fromHistory(exchange, options, parameters, selection, { revision, after: token.after });
  } catch (error) {
    throw isStatusError(error, 'Expired') ? new ExpiredListError(token.after) : error;
  }
}

/** Selectors are applied to what the store gives, so it is read in chunks until the answer's page is full. */
async function fromHistory(
  exchange: ResourceExchange,
  options: HandlerOptions,
  { limit }: ListOptions,
  selection: Selection,
  from: { revision: number | undefined; after: string | undefined },
): Promise<Part> {
  const { resource, target, signal } = exchange;
  const found: Cached<KubeObject>[] = [];
  let { revision, after } = from;
  for (;;) {
    const size = selection.isEverything && limit > 0 ? limit : CHUNK;
    const page = await options.history.list(resource, {
      namespace: target.namespace,
      after,
      revision,
      limit: limit > 0 ? size : undefined,
      signal,
    });
    revision = page.revision;
    after = page.entries.at(-1)?.key ?? after;
    const entries = await resource.cache.show(page.entries);
    for (const [index, entry] of entries.entries()) {
      if (!selection.matches(entry.object)) continue;
      found.push(entry);
      const remaining = page.remaining + page.entries.length - 1 - index;
      if (found.length === limit)
        return { entries: found, metadata: metadataFor(revision, found, remaining, selection) };
    }
    if (page.remaining === 0) return { entries: found, metadata: metadataFor(revision, found, 0, selection) };
  }
}

function metadataFor(
  revision: number,
  entries: readonly Cached<KubeObject>[],
  remaining: number,
  selection: Selection,
): ListMeta {
  const last = entries.at(-1);
  const resourceVersion = String(revision);
  if (remaining === 0 || !last) return { resourceVersion };
  const token = encodeContinue({ revision, after: last.key });
  // With a selector nobody has counted how many of the rest would match.
  return { resourceVersion, continue: token, ...(selection.isEverything ? { remainingItemCount: remaining } : {}) };
}

async function sendPart(
  exchange: ResourceExchange,
  options: HandlerOptions,
  form: Representation,
  { entries, metadata }: Part,
): Promise<void> {
  const body = await listBody({ kind: exchange.resource.kind, form, entries, metadata }, options);
  await writePieces(exchange, body, MEDIA_TYPES[form.encoding]);
}

/** The first page's revision is gone; the token in the answer goes on with what is there now. */
class ExpiredListError extends StatusError {
  private readonly token: string;

  constructor(after: string) {
    const { code, reason, message } = expired(
      'The provided continue parameter is too old to display a consistent list result. You can start a new list ' +
        'without the continue parameter, or use the continue token in this response to retrieve the remainder of the ' +
        'results. Continuing with the provided token results in an inconsistent list - objects that were created, ' +
        'modified, or deleted between the time the first chunk was returned and now may show up in the list.',
    );
    super({ code, reason, message });
    this.token = encodeContinue({ revision: -1, after });
  }

  override toStatus(): Status {
    return { ...super.toStatus(), metadata: { continue: this.token } };
  }
}
