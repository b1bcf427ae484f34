/** The part of an OpenAPI v3 document that tells what fields a type has. */

export interface Schema {
  readonly $ref?: string;
  readonly allOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly description?: string;
  readonly type?: string;
  readonly format?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly additionalProperties?: Schema | boolean;
  readonly enum?: readonly unknown[];
  readonly 'x-kubernetes-group-version-kind'?: readonly { group: string; version: string; kind: string }[];
}

/** A schema with its references followed. */
export interface Resolved {
  readonly schema: Schema;
  /** Of the innermost type, such as `PodSpec`; undefined for what has no name. */
  readonly typeName: string | undefined;
}

const PREFIX = '#/components/schemas/';

export class SchemaDocument {
  private readonly schemas: Readonly<Record<string, Schema>>;

  constructor(document: { readonly components?: { readonly schemas?: Readonly<Record<string, Schema>> } }) {
    this.schemas = document.components?.schemas ?? {};
  }

  ofKind(group: string, version: string, kind: string): Schema | undefined {
    return Object.values(this.schemas).find(({ 'x-kubernetes-group-version-kind': kinds = [] }) =>
      kinds.some((each) => each.group === group && each.version === version && each.kind === kind),
    );
  }

  resolve(schema: Schema): Resolved {
    const reference = schema.$ref ?? schema.allOf?.find(({ $ref }) => $ref)?.$ref;
    if (!reference?.startsWith(PREFIX)) return { schema, typeName: undefined };
    const name = reference.slice(PREFIX.length);
    return { schema: this.schemas[name] ?? {}, typeName: name.slice(name.lastIndexOf('.') + 1) };
  }

  /** What a list's elements, or a map's values, are; the schema itself for anything else. */
  inner(schema: Schema): Resolved {
    const { schema: own, typeName } = this.resolve(schema);
    if (own.items) return this.inner(own.items);
    if (typeof own.additionalProperties === 'object') return this.inner(own.additionalProperties);
    return { schema: own, typeName };
  }

  /** `[]Container`, `map[string]string`, `PodSpec`. */
  typeText(schema: Schema): string {
    const { schema: own, typeName } = this.resolve(schema);
    if (own.items) return `[]${this.typeText(own.items)}`;
    if (typeof own.additionalProperties === 'object') return `map[string]${this.typeText(own.additionalProperties)}`;
    if (own.properties && typeName !== undefined) return typeName;
    if (typeName !== undefined)
      return typeName === 'IntOrString' || typeName === 'Quantity' || own.type === 'object'
        ? typeName
        : (own.type ?? typeName);
    return own.type === 'object' ? 'Object' : (own.type ?? 'Object');
  }
}
