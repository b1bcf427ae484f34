/** One operation of an OpenAPI v3 document: what a verb on a path takes, sends and answers. */
import { APPLY_PATCH, PATCH_TYPES } from '../patch/patcher.ts';
import type { Field, SchemaTable } from '../schema/table.ts';
import type { GroupVersionKind, Schema } from './schemas.ts';

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1';
export const STATUS = `${META}.Status`;
const DELETE_OPTIONS = `${META}.DeleteOptions`;
const PATCH = `${META}.Patch`;

export interface Parameter {
  readonly name: string;
  readonly in: 'query' | 'path';
  readonly description?: string;
  readonly required?: boolean;
  readonly schema: Schema;
}

export interface Operation {
  readonly description: string;
  readonly operationId: string;
  readonly parameters: readonly Parameter[];
  readonly requestBody?: Schema;
  readonly responses: Schema;
  readonly [extension: `x-kubernetes-${string}`]: unknown;
}

export type Action = 'list' | 'post' | 'deletecollection' | 'get' | 'put' | 'patch' | 'delete' | 'connect';

export interface OperationSpec {
  readonly id: string;
  readonly description: string;
  readonly action: Action;
  readonly subject: GroupVersionKind;
  /** The type that is sent. */
  readonly sends: string;
  /** The type that is answered; undefined for plain text. */
  readonly answers: string | undefined;
  /** The type whose fields are taken as query parameters, where it is not the action's own. */
  readonly options?: string;
}

const ACTION_OPTIONS: Record<Action, readonly string[]> = {
  list: ['ListOptions'],
  post: ['CreateOptions'],
  deletecollection: ['DeleteOptions', 'ListOptions'],
  get: [],
  put: ['UpdateOptions'],
  patch: ['PatchOptions'],
  delete: ['DeleteOptions'],
  connect: [],
};

const JSON_TYPES = ['application/json', 'application/yaml'];
/** Fields of option types that go in a body only. */
const BODY_ONLY: ReadonlySet<string> = new Set(['kind', 'apiVersion', 'preconditions']);

export class Operations {
  readonly #table: SchemaTable;
  readonly #reference: (typeName: string) => Schema;

  constructor(options: { table: SchemaTable; reference: (typeName: string) => Schema }) {
    this.#table = options.table;
    this.#reference = options.reference;
  }

  operation(spec: OperationSpec): Operation {
    const body = this.#body(spec);
    return {
      description: spec.description,
      operationId: spec.id,
      parameters: this.#parameters(spec),
      ...(body ? { requestBody: body } : {}),
      responses: this.#responses(spec),
      'x-kubernetes-action': spec.action,
      'x-kubernetes-group-version-kind': spec.subject,
    };
  }

  /** Types that operations refer to, whatever their kind. */
  static readonly types: readonly string[] = [STATUS, DELETE_OPTIONS, PATCH];

  #parameters({ action, options }: OperationSpec): Parameter[] {
    const types = [...ACTION_OPTIONS[action].map((name) => `${META}.${name}`), ...(options ? [options] : [])];
    const found = new Map<string, Parameter>();
    for (const field of types.flatMap((typeName) => this.#table.fields(typeName))) {
      if (!BODY_ONLY.has(field.name)) found.set(field.name, queryParameter(field));
    }
    return [...found.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  #body({ action, sends }: OperationSpec): Schema | undefined {
    switch (action) {
      case 'post':
      case 'put':
        return this.#content(sends, JSON_TYPES, { required: true });
      case 'patch':
        return this.#content(PATCH, [...Object.values(PATCH_TYPES), APPLY_PATCH], { required: true });
      case 'delete':
      case 'deletecollection':
        return this.#content(DELETE_OPTIONS, JSON_TYPES);
      default:
        return undefined;
    }
  }

  #responses({ action, answers }: OperationSpec): Schema {
    const ok =
      answers === undefined
        ? { description: 'OK', content: { 'text/plain': { schema: { type: 'string' } } } }
        : this.#content(answers, JSON_TYPES, { description: 'OK' });
    return {
      '200': ok,
      ...(action === 'post' || action === 'put' || action === 'patch'
        ? { '201': { ...ok, description: 'Created' } }
        : {}),
      ...(action === 'post' || action === 'delete' ? { '202': { ...ok, description: 'Accepted' } } : {}),
      '401': { description: 'Unauthorized' },
    };
  }

  #content(typeName: string, mediaTypes: readonly string[], more: Schema = {}): Schema {
    const schema = this.#reference(typeName);
    return { ...more, content: Object.fromEntries(mediaTypes.map((mediaType) => [mediaType, { schema }])) };
  }
}

/** Lists are given by repeating the parameter. */
function queryParameter(field: Field): Parameter {
  return { name: field.name, in: 'query', schema: { type: parameterType(field), uniqueItems: true } };
}

function parameterType(field: Field): string {
  switch (field.type) {
    case 'bool':
      return 'boolean';
    case 'int32':
    case 'int64':
      return 'integer';
    default:
      return 'string';
  }
}

export function pathParameter(name: 'name' | 'namespace', kind: string): Parameter {
  const description =
    name === 'name' ? `name of the ${kind}` : 'object name and auth scope, such as for teams and projects';
  return { name, in: 'path', required: true, description, schema: { type: 'string', uniqueItems: true } };
}
