/** The paths of a kind, each with its operations, as OpenAPI v3 has them. */
import { subresourcesOf } from '../kinds.ts';
import type { Kind, Subresource } from '../kinds.ts';
import { pathParameter, STATUS } from './operations.ts';
import type { Action, Operation, Operations, Parameter } from './operations.ts';

export type PathItem = { parameters?: readonly Parameter[] } & { [method in Method]?: Operation };
type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

const ITEM_VERBS = ['get', 'update', 'patch', 'delete'];
const CORE = 'io.k8s.api.core.v1';
const LOG_OPTIONS = `${CORE}.PodLogOptions`;

/** `/api/v1`, or `/apis/apps/v1`. */
export function rootPath(group: string, version: string): string {
  return group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
}

export function listType(kind: Kind): string {
  return `${kind.schema}List`;
}

/** Whether it opens a connection: its type holds the options in the query, and is never sent or answered. */
export function isConnection({ verbs }: Subresource): boolean {
  return verbs.includes('get') && verbs.includes('create');
}

export class KindPaths {
  readonly #kind: Kind;
  readonly #operations: Operations;
  /** As in `CoreV1NamespacedPod`. */
  readonly #prefix: string;
  readonly #scope: string;

  constructor(kind: Kind, operations: Operations) {
    this.#kind = kind;
    this.#operations = operations;
    const group = kind.group === '' ? 'core' : (kind.group.split('.')[0] ?? '');
    this.#prefix = capitalized(group) + capitalized(kind.version);
    this.#scope = kind.namespaced ? 'Namespaced' : '';
  }

  paths(): Record<string, PathItem> {
    const { group, version, plural, namespaced, kind } = this.#kind;
    const root = rootPath(group, version);
    const collection = namespaced ? `${root}/namespaces/{namespace}/${plural}` : `${root}/${plural}`;
    const inNamespace = namespaced ? [pathParameter('namespace', kind)] : [];
    const named = [pathParameter('name', kind), ...inNamespace];
    return {
      ...(namespaced && this.#serves('list')
        ? { [`${root}/${plural}`]: { get: this.#list(`${kind}ForAllNamespaces`) } }
        : {}),
      [collection]: this.#collection(inNamespace),
      ...(ITEM_VERBS.some((verb) => this.#serves(verb)) ? { [`${collection}/{name}`]: this.#item(named) } : {}),
      ...Object.fromEntries(
        subresourcesOf(this.#kind).map((sub) => [`${collection}/{name}/${sub.name}`, this.#subresource(sub, named)]),
      ),
    };
  }

  #serves(verb: string): boolean {
    return this.#kind.verbs.includes(verb);
  }

  #collection(parameters: readonly Parameter[]): PathItem {
    const { kind } = this.#kind;
    return {
      ...(this.#serves('list') ? { get: this.#list(`${this.#scope}${kind}`) } : {}),
      ...(this.#serves('create') ? { post: this.#own('create', 'post', `create a ${kind}`) } : {}),
      ...(this.#serves('deletecollection') ? { delete: this.#deleteCollection() } : {}),
      ...withParameters(parameters),
    };
  }

  #item(parameters: readonly Parameter[]): PathItem {
    const { kind } = this.#kind;
    return {
      ...(this.#serves('get') ? { get: this.#own('read', 'get', `read the specified ${kind}`) } : {}),
      ...(this.#serves('update') ? { put: this.#own('replace', 'put', `replace the specified ${kind}`) } : {}),
      ...(this.#serves('patch')
        ? { patch: this.#own('patch', 'patch', `partially update the specified ${kind}`) }
        : {}),
      ...(this.#serves('delete') ? { delete: this.#own('delete', 'delete', `delete a ${kind}`) } : {}),
      ...withParameters(parameters),
    };
  }

  #list(what: string): Operation {
    return this.#operations.operation({
      id: `list${this.#prefix}${what}`,
      description: `list or watch objects of kind ${this.#kind.kind}`,
      action: 'list',
      subject: this.#subject(),
      sends: this.#kind.schema,
      answers: listType(this.#kind),
    });
  }

  #deleteCollection(): Operation {
    return this.#operations.operation({
      id: `delete${this.#prefix}Collection${this.#scope}${this.#kind.kind}`,
      description: `delete collection of ${this.#kind.kind}`,
      action: 'deletecollection',
      subject: this.#subject(),
      sends: this.#kind.schema,
      answers: STATUS,
    });
  }

  #own(verb: string, action: Action, description: string): Operation {
    const { kind, schema } = this.#kind;
    return this.#operations.operation({
      id: `${verb}${this.#prefix}${this.#scope}${kind}`,
      description,
      action,
      subject: this.#subject(),
      sends: schema,
      answers: action === 'delete' && kind !== 'Pod' ? STATUS : schema,
    });
  }

  #subresource(subresource: Subresource, parameters: readonly Parameter[]): PathItem {
    const { verbs } = subresource;
    const operation = (verb: string, action: Action): Operation => this.#below(subresource, verb, action);
    if (isConnection(subresource)) {
      return {
        get: operation('connectGet', 'connect'),
        post: operation('connectPost', 'connect'),
        ...withParameters(parameters),
      };
    }
    return {
      ...(verbs.includes('get') ? { get: operation('read', 'get') } : {}),
      ...(verbs.includes('update') ? { put: operation('replace', 'put') } : {}),
      ...(verbs.includes('create') ? { post: operation('create', 'post') } : {}),
      ...(verbs.includes('patch') ? { patch: operation('patch', 'patch') } : {}),
      ...withParameters(parameters),
    };
  }

  #below(subresource: Subresource, verb: string, action: Action): Operation {
    const { name, group, version, kind, schema } = subresource;
    const options = name === 'log' ? LOG_OPTIONS : isConnection(subresource) ? schema : undefined;
    return this.#operations.operation({
      id: `${verb}${this.#prefix}${this.#scope}${this.#kind.kind}${capitalized(name)}`,
      description: `${action} ${name} of the specified ${this.#kind.kind}`,
      action,
      subject: { group, version, kind },
      sends: schema,
      answers: options === undefined ? schema : undefined,
      ...(options === undefined ? {} : { options }),
    });
  }

  #subject(): { group: string; version: string; kind: string } {
    const { group, version, kind } = this.#kind;
    return { group, version, kind };
  }
}

function withParameters(parameters: readonly Parameter[]): PathItem {
  return parameters.length > 0 ? { parameters } : {};
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
