/** The rows that a CustomResourceDefinition adds to the table of kinds. */
import { type FieldReader, kind, type Kind } from '../kinds/kind.ts';
import type { Codec } from '../schema/codec.ts';
import type { CustomResourceDefinition, CustomResourceDefinitionVersion } from '../types/apiextensions.v1.ts';
import { customColumns } from './columns.ts';
import { CustomForm } from './form.ts';
import { namesOf, scalePathsOf, valueAt } from './scale-fields.ts';
import type { Schema } from './schema.ts';

export interface CustomVersion {
  readonly kind: Kind;
  readonly schema: Schema;
}

export interface CustomKinds {
  /** The version in which objects are stored, served or not. */
  readonly stored: CustomVersion;
  /** All of them, the stored one too, the newest and stablest first. */
  readonly versions: readonly CustomVersion[];
}

const ANYTHING: Schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };

/** Of a definition that has been found valid, with the names that it has been given. */
export function customKinds(definition: CustomResourceDefinition, codec: Codec): CustomKinds {
  const { versions } = definition.spec;
  const stored = versionOf(definition, versions.find(({ storage }) => storage) ?? versions[0]!, codec, undefined);
  const sorted = versions.toSorted((a, b) => compareVersions(a.name, b.name));
  return {
    stored,
    versions: sorted.map((version) =>
      version.name === stored.kind.version ? stored : versionOf(definition, version, codec, stored.kind),
    ),
  };
}

function versionOf(
  definition: CustomResourceDefinition,
  version: CustomResourceDefinitionVersion,
  codec: Codec,
  storedAs: Kind | undefined,
): CustomVersion {
  const { group, scope } = definition.spec;
  const names = definition.status.acceptedNames;
  const schema = version.schema?.openAPIV3Schema ?? ANYTHING;
  const typeName = `${group.split('.').toReversed().join('.')}.${version.name}.${names.kind}`;
  const { status, scale } = version.subresources ?? {};
  const row = kind({
    group,
    version: version.name,
    kind: names.kind,
    listKind: names.listKind ?? `${names.kind}List`,
    plural: names.plural,
    singular: names.singular ?? names.kind.toLowerCase(),
    shortNames: names.shortNames ?? [],
    categories: names.categories ?? [],
    namespaced: scope === 'Namespaced',
    schema: typeName,
    status: status !== undefined,
    scale: scale !== undefined,
    isServed: version.served,
    form: new CustomForm({ codec, schema, name: typeName }),
    columns: customColumns(version.additionalPrinterColumns),
    ...(version.selectableFields?.length ? { fieldLabels: fieldLabels(version.selectableFields) } : {}),
    ...(scale ? { scalePaths: scalePathsOf(scale) } : {}),
    ...(version.deprecated ? { deprecation: deprecationOf(definition, version) } : {}),
    ...(storedAs ? { storedAs } : {}),
    published: schema,
  });
  return { kind: row, schema };
}

function deprecationOf(
  { spec }: CustomResourceDefinition,
  { name, deprecationWarning }: CustomResourceDefinitionVersion,
): string {
  if (deprecationWarning !== undefined) return deprecationWarning;
  const { group, names, versions } = spec;
  const deprecated = `${group}/${name} ${names.kind} is deprecated`;
  const newer = versions
    .filter((version) => version.served && version.deprecated !== true && compareVersions(version.name, name) < 0)
    .toSorted((a, b) => compareVersions(a.name, b.name))[0];
  return newer ? `${deprecated}; use ${group}/${newer.name} ${names.kind}` : deprecated;
}

function fieldLabels(fields: readonly { jsonPath: string }[]): ReadonlyMap<string, FieldReader> {
  return new Map(
    fields.map(({ jsonPath }) => {
      const names = namesOf(jsonPath);
      const read: FieldReader = (object) => String((valueAt(object, names) ?? '') as string | number | boolean);
      return [names.join('.'), read];
    }),
  );
}

const VERSION = /^v(\d+)(?:(alpha|beta)(\d+))?$/;
const STABILITY = { alpha: 0, beta: 1 } as const;

/** Stable versions before beta before alpha, newer before older; all other names after them, in alphabetical order. */
export function compareVersions(a: string, b: string): number {
  const [first, second] = [VERSION.exec(a), VERSION.exec(b)];
  if (!first || !second) return first ? -1 : second ? 1 : a < b ? -1 : a > b ? 1 : 0;
  const [x, y] = [rank(first), rank(second)];
  return y[0]! - x[0]! || y[1]! - x[1]! || y[2]! - x[2]!;
}

function rank([, major, stability, minor]: RegExpExecArray): number[] {
  const level = stability === undefined ? 2 : STABILITY[stability as keyof typeof STABILITY];
  return [level, Number(major), Number(minor ?? 0)];
}
