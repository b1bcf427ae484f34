/**
 * Writes `api/types/*.ts`, the TypeScript view of the schema table, one file a Kubernetes package.
 *
 * What the types promise holds for objects that went through the decoder (`codec.ts`): a struct that is no pointer in
 * Kubernetes is always there (perhaps empty), so it is required here; everything that may be left out is optional.
 */
import { readFileSync, writeFileSync } from 'node:fs';

interface Value {
  type?: string;
  ref?: string;
  enum?: string;
  list?: Value;
  map?: Value;
}

interface Field extends Value {
  name?: string;
  inline?: boolean;
  pointer?: boolean;
  optional?: boolean;
  omitempty?: boolean;
}

interface Table {
  types: Record<string, { fields: Field[] }>;
  special: Record<string, unknown>;
}

const EXTENSIONS = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1';
const META = 'io.k8s.apimachinery.pkg.apis.meta.v1';

/** Types with an encoding of their own, as they stand in JSON. */
const SPECIAL: Record<string, string> = {
  'io.k8s.apimachinery.pkg.api.resource.Quantity': 'string',
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': 'number | string',
  [`${META}.Time`]: 'string',
  [`${META}.MicroTime`]: 'string',
  [`${META}.Duration`]: 'string',
  [`${META}.FieldsV1`]: 'Record<string, unknown>',
  'io.k8s.apimachinery.pkg.runtime.RawExtension': 'Record<string, unknown>',
  [`${EXTENSIONS}.JSON`]: 'unknown',
  [`${EXTENSIONS}.JSONSchemaPropsOrArray`]: 'JSONSchemaProps | unknown[]',
  [`${EXTENSIONS}.JSONSchemaPropsOrBool`]: 'JSONSchemaProps | boolean',
  [`${EXTENSIONS}.JSONSchemaPropsOrStringArray`]: 'JSONSchemaProps | string[]',
};

const SCALARS: Record<string, string> = {
  string: 'string',
  bytes: 'string',
  bool: 'boolean',
  int32: 'number',
  int64: 'number',
  double: 'number',
};

const table = JSON.parse(readFileSync(new URL('kubernetes-v1.35.json', import.meta.url), 'utf8')) as Table;

/** `io.k8s.api.core.v1` is `core.v1`, `io.k8s.apimachinery.pkg.apis.meta.v1` is `meta.v1`. */
function moduleOf(typeName: string): string {
  const parts = typeName.split('.');
  return parts.slice(-3, -1).join('.');
}

function localName(typeName: string): string {
  return typeName.slice(typeName.lastIndexOf('.') + 1);
}

class Module {
  readonly imports = new Set<string>();
  readonly blocks: string[] = [];
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  reference(typeName: string): string {
    const special = SPECIAL[typeName];
    if (special !== undefined) return special;
    if (!(typeName in table.types)) return 'unknown';
    const home = moduleOf(typeName);
    if (home === this.name) return localName(typeName);
    this.imports.add(home);
    return `${alias(home)}.${localName(typeName)}`;
  }

  value(value: Value): string {
    if (value.list) {
      const element = this.value(value.list);
      return element.includes(' ') ? `(${element})[]` : `${element}[]`;
    }
    if (value.map) return `Record<string, ${this.value(value.map)}>`;
    if (value.ref) return this.reference(value.ref);
    return SCALARS[value.type ?? ''] ?? 'unknown';
  }

  add(typeName: string, fields: Field[]): void {
    const lines = fields.filter((field) => field.name).map((field) => this.field(field));
    const parents = fields.filter((field) => field.inline).map((field) => this.reference(field.ref ?? ''));
    const heritage = parents.length > 0 ? ` extends ${parents.join(', ')}` : '';
    this.blocks.push(`export interface ${localName(typeName)}${heritage} {\n${lines.join('\n')}\n}\n`);
  }

  private field(field: Field): string {
    const key = /^[A-Za-z_$][\w$]*$/.test(field.name ?? '') ? field.name : `'${field.name}'`;
    return `  ${key}${isAlwaysThere(field) ? '' : '?'}: ${this.value(field)};`;
  }

  text(): string {
    const imports = [...this.imports].toSorted().map((home) => `import type * as ${alias(home)} from './${home}.ts';`);
    return ['// Made by ../generate.ts; change the table, not this file.', ...imports, '', ...this.blocks].join('\n');
  }
}

function alias(moduleName: string): string {
  return moduleName.replaceAll(/[.-]/g, '_');
}

/** Go writes a struct that is no pointer whether it is empty or not, and a field without `omitempty` always. */
function isAlwaysThere(field: Field): boolean {
  if (field.pointer) return false;
  const isStruct = field.ref !== undefined && !(field.ref in SPECIAL) && !field.list && !field.map;
  return isStruct || !field.omitempty;
}

const modules = new Map<string, Module>();
for (const typeName of Object.keys(table.types).toSorted()) {
  if (typeName in SPECIAL || typeName.startsWith('io.k8s.apimachinery.pkg.runtime.')) continue;
  const name = moduleOf(typeName);
  const module = modules.get(name) ?? new Module(name);
  modules.set(name, module);
  module.add(typeName, table.types[typeName]?.fields ?? []);
}
for (const module of modules.values()) {
  writeFileSync(new URL(`../types/${module.name}.ts`, import.meta.url), module.text());
}
