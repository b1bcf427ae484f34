/** An object on its way through a kustomization: what it is now, and what it was called before. */
import { kinds } from '../../api/kinds.ts';
import type { JsonObject } from '../../api/patch/value.ts';
import { isObject } from '../../api/patch/value.ts';
import { setOwn } from '../../api/machinery/json.ts';

/** '' for what has none. */
export interface Id {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace: string;
}

/** Of a kind, or of several: what is absent fits everything. */
export interface KindPattern {
  readonly group?: string;
  readonly kind?: string;
}

const CLUSTER_SCOPED: ReadonlySet<string> = new Set(
  Object.values(kinds)
    .filter(({ namespaced }) => !namespaced)
    .map(({ group, kind }) => `${group}/${kind}`),
);

export class Resource {
  object: JsonObject;
  /** Oldest first. */
  readonly previous: Id[] = [];
  /** Innermost first. */
  readonly prefixes: string[] = [];
  readonly suffixes: string[] = [];
  /** Whether its name ends with a hash of its content. */
  isHashed = false;

  constructor(object: JsonObject) {
    this.object = object;
  }

  get id(): Id {
    const [group, version] = groupVersionOf(this.object);
    const { name = '', namespace = '' } = this.metadata as { name?: string; namespace?: string };
    return { group, version, kind: textOf(this.object['kind']), name, namespace };
  }

  get originalId(): Id {
    return this.previous[0] ?? this.id;
  }

  get ids(): Id[] {
    return [...this.previous, this.id];
  }

  get metadata(): JsonObject {
    const { metadata } = this.object;
    if (isObject(metadata)) return metadata;
    const made: JsonObject = {};
    this.object['metadata'] = made;
    return made;
  }

  /** Keeps what it is called now as a name that others may know it by. */
  remember(): void {
    this.previous.push(this.id);
  }

  /** Values of the map `field` of its metadata; those of `values` win. */
  addMetadata(field: 'labels' | 'annotations', values: Readonly<Record<string, string>>): void {
    if (Object.keys(values).length === 0) return;
    const before = this.metadata[field];
    const map: JsonObject = isObject(before) ? before : {};
    for (const [key, value] of Object.entries(values)) setOwn(map, key, value);
    this.metadata[field] = map;
  }
}

function groupVersionOf({ apiVersion }: JsonObject): [group: string, version: string] {
  const text = textOf(apiVersion);
  const slash = text.indexOf('/');
  return slash < 0 ? ['', text] : [text.slice(0, slash), text.slice(slash + 1)];
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** What isn't built in counts as namespaced. */
export function isClusterScoped({ group, kind }: Id): boolean {
  return CLUSTER_SCOPED.has(`${group}/${kind}`);
}

export function effectiveNamespace(id: Id): string {
  return isClusterScoped(id) ? '' : id.namespace || 'default';
}

export function sameId(a: Id, b: Id): boolean {
  return (
    a.group === b.group &&
    a.version === b.version &&
    a.kind === b.kind &&
    a.name === b.name &&
    effectiveNamespace(a) === effectiveNamespace(b)
  );
}

export function fits(id: Id, { group, kind }: KindPattern): boolean {
  return (group === undefined || group === id.group) && (kind === undefined || kind === id.kind);
}

/** `Deployment.v1.apps/web.[noNs]`, as kustomize says it. */
export function idText({ group, version, kind, name, namespace }: Id): string {
  return `${kind || '[noKind]'}.${version || '[noVer]'}.${group || '[noGrp]'}/${name}.${namespace || '[noNs]'}`;
}
