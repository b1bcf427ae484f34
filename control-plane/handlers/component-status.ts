/** componentstatuses: how the parts of the control plane do. Asked when they are read, so they can only be read. */
import { methodNotAllowed, notFound, notFoundPath } from '../../api/errors.ts';
import type { Kind } from '../../api/kinds.ts';
import { componentStatusColumns } from '../../api/printing/component-status.ts';
import type { ComponentStatus } from '../../api/types/core.v1.ts';
import { byDeadline } from '../../lib/deadline.ts';
import type { Exchange } from '../http/exchange.ts';
import { MEDIA_TYPES } from '../http/negotiate.ts';
import type { ResourceRequest } from '../http/request-info.ts';
import { addWarnings, writePieces } from '../http/respond.ts';
import type { Clock } from '../../lib/clock.ts';
import { listBody } from './list-body.ts';
import { parseListOptions } from './list-options.ts';
import type { HandlerOptions } from './port.ts';
import { representationFor, sendRepresented } from './represent.ts';
import { parseSelection } from './selection.ts';

/** A part of the control plane. */
export interface SystemComponent {
  readonly name: string;
  /** Rejects with the reason why it does not work. */
  check(): Promise<void>;
}

const DEPRECATION = 'v1 ComponentStatus is deprecated in v1.19+';

export const COMPONENT_STATUS: Kind = {
  group: '',
  version: 'v1',
  kind: 'ComponentStatus',
  listKind: 'ComponentStatusList',
  plural: 'componentstatuses',
  singular: 'componentstatus',
  shortNames: ['cs'],
  categories: [],
  namespaced: false,
  schema: 'io.k8s.api.core.v1.ComponentStatus',
  status: false,
  scale: false,
  verbs: ['get', 'list'],
  subresources: [],
  columns: componentStatusColumns,
};

export function isComponentStatus({ group, version, resource }: ResourceRequest): boolean {
  return group === '' && version === 'v1' && resource === COMPONENT_STATUS.plural;
}

export async function componentStatuses(
  exchange: Exchange,
  { name, namespace, subresource }: ResourceRequest,
  options: HandlerOptions,
  components: readonly SystemComponent[],
): Promise<void> {
  const { verb, query } = exchange.info;
  if (namespace !== '' || subresource !== '') throw notFoundPath();
  if (verb !== 'get' && verb !== 'list') throw methodNotAllowed(COMPONENT_STATUS, verb);
  const form = representationFor(exchange, options, COMPONENT_STATUS);
  addWarnings(exchange, [DEPRECATION]);
  if (name !== '') {
    const component = components.find((each) => each.name === name);
    if (!component) throw notFound(COMPONENT_STATUS, name);
    const status = await statusOf(component, options.clock);
    return sendRepresented(exchange, options, { kind: COMPONENT_STATUS, form, code: 200 }, status);
  }
  const { labelSelector, fieldSelector } = parseListOptions(query, false);
  const selection = parseSelection(COMPONENT_STATUS, labelSelector, fieldSelector);
  const all = await Promise.all(components.map((component) => statusOf(component, options.clock)));
  const entries = all.filter((status) => selection.matches(status)).map(computed);
  const body = await listBody({ kind: COMPONENT_STATUS, form, entries, metadata: {} }, options);
  await writePieces(exchange, body, MEDIA_TYPES[form.encoding]);
}

async function statusOf(component: SystemComponent, clock: Clock): Promise<ComponentStatus> {
  const metadata = { name: component.name };
  const head = { kind: 'ComponentStatus', apiVersion: 'v1', metadata };
  try {
    await byDeadline(component.check(), clock);
    return { ...head, conditions: [{ type: 'Healthy', status: 'True', message: 'ok' }] };
  } catch (error) {
    return { ...head, conditions: [{ type: 'Healthy', status: 'False', error: (error as Error).message }] };
  }
}

/** As an entry of a list, which nobody keeps. */
function computed(object: ComponentStatus): Parameters<typeof listBody>[0]['entries'][number] {
  const { name: key = '' } = object.metadata;
  return { key, object, revision: 0, bytes: Buffer.from(JSON.stringify(object)), message: (encode) => encode(object) };
}
