/** Kinds that are questions: a POST is answered with the same object and its status filled in, and nothing is stored. */
import { badRequest, methodNotAllowed, notFoundPath } from '../../api/errors.ts';
import { apiVersionOf, type Kind } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/object.ts';
import type { Exchange } from '../http/exchange.ts';
import type { ResourceRequest } from '../http/request-info.ts';
import { writeValue } from '../http/respond.ts';
import { decodeBody } from './decode-body.ts';
import type { HandlerOptions } from './port.ts';
import { parseWriteOptions } from './write-options.ts';

export interface AnsweredKind<T extends KubeObject = KubeObject> {
  readonly kind: Kind<T>;
  /** The type of what is said, when it is not the question's own; its name in the schema table. */
  readonly answerType?: string;
  /** `question` has the path's namespace. Rejects with a StatusError. */
  answer(question: T, exchange: Exchange): Promise<object> | object;
}

export class AnsweredKinds {
  private readonly byId: ReadonlyMap<string, AnsweredKind>;

  constructor(answered: readonly AnsweredKind[]) {
    this.byId = new Map(answered.map((each) => [idOf(each.kind.group, each.kind.version, each.kind.plural), each]));
  }

  /** For discovery. */
  get kinds(): Kind[] {
    return [...this.byId.values()].map(({ kind }) => kind);
  }

  /** undefined for what is not answered in this way. */
  find({ group, version, resource }: ResourceRequest): AnsweredKind | undefined {
    return this.byId.get(idOf(group, version, resource));
  }
}

/** The row of an answered kind, whose type the others need not know. */
export function answered<T extends KubeObject>(row: AnsweredKind<T>): AnsweredKind {
  return row as unknown as AnsweredKind;
}

/** Throws MethodNotAllowed for anything but a POST to the collection. */
export async function answer(asked: AnsweredKind, exchange: Exchange, options: HandlerOptions): Promise<void> {
  const { kind } = asked;
  const { verb, resource } = exchange.info;
  const namespace = resource?.namespace ?? '';
  if (kind.namespaced !== (namespace !== '') || resource?.subresource !== '') throw notFoundPath();
  if (verb !== 'create' || resource.name !== '') throw methodNotAllowed(kind, verb);
  const { fieldValidation } = parseWriteOptions(exchange, 'CreateOptions');
  const expected = { typeName: kind.schema, apiVersion: apiVersionOf(kind), kind: kind.kind };
  const question = await decodeBody<KubeObject>(exchange, options, expected, fieldValidation);
  if (question.metadata.namespace && question.metadata.namespace !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  if (namespace !== '') question.metadata.namespace = namespace;
  const said = await asked.answer(question, exchange);
  await writeValue(exchange, options.protobuf, 201, asked.answerType ?? kind.schema, said);
}

function idOf(group: string, version: string, plural: string): string {
  return `${group}/${version}/${plural}`;
}
