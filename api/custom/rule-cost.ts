/**
 * What a rule may cost at most, before it is ever run: every list, map and text as large as its schema lets it be, and where
 * the schema sets no limit, as large as a request can be. In the units of `api/cel/budget.ts`.
 */
import type { Checked } from '../cel/checker.ts';
import type { Fold, FoldKind, Node } from '../cel/syntax.ts';
import type { CelType } from '../cel/types.ts';
import { itemsOf, propertyOf, type Schema } from './schema.ts';

const MAX_REQUEST = 3 * 1024 * 1024;
/** What looking at one more character costs. */
const PER_CHARACTER = 0.1;
const LIST_COST = 10;
const MAP_COST = 30;

/** For each element, besides what is done with it: the loop, and the list that a result is added to. */
const PER_ELEMENT: Readonly<Partial<Record<FoldKind, number>>> = { all: 3, exists: 4, exists_one: 4, map: 12 };
const PER_OTHER_ELEMENT = 14;

/** Characters that a value takes in JSON at least. */
const LEAST: Readonly<Partial<Record<CelType['kind'], number>>> = {
  int: 1,
  uint: 1,
  double: 1,
  bool: 4,
  timestamp: 22,
  dyn: 1,
};
const LEAST_OTHER = 2;

/** Functions that look at every character of the texts they are given. */
const READS_TEXT: ReadonlySet<string> = new Set([
  'contains',
  'endsWith',
  'find',
  'findAll',
  'indexOf',
  'lastIndexOf',
  'lowerAscii',
  'matches',
  'replace',
  'split',
  'startsWith',
  'trim',
  'upperAscii',
  'url',
  'isURL',
  'quantity',
  'isQuantity',
  '_==_',
  '_!=_',
  '_+_',
]);
/** Functions that look at every element of the lists they are given. */
const READS_LIST: ReadonlySet<string> = new Set(['@in', '_==_', '_!=_', 'isSorted', 'sum', 'max', 'min', 'indexOf']);

export function estimateCost({ root, types }: Pick<Checked, 'root' | 'types'>): number {
  const typeOf = (node: Node): CelType | undefined => types.get(node);
  const sum = (nodes: readonly (Node | undefined)[]): number =>
    nodes.reduce((total, node) => total + (node ? cost(node) : 0), 0);
  const cost = (node: Node): number => {
    switch (node.kind) {
      case 'literal':
        return 0;
      case 'ident':
        return 1;
      case 'select':
        return 1 + cost(node.operand);
      case 'list':
        return LIST_COST + sum(node.items.map(({ value }) => value));
      case 'map':
        return MAP_COST + sum(node.entries.flatMap(({ key, value }) => [key, value]));
      case 'fold':
        return foldCost(node);
      case 'call': {
        const args = node.target ? [node.target, ...node.args] : node.args;
        return 1 + sum(args) + readingCost(node.name, args.map(typeOf));
      }
    }
  };
  const foldCost = ({ fold, range, condition, transform }: Fold): number => {
    const isOptional = fold === 'optMap' || fold === 'optFlatMap';
    const times = isOptional ? 1 : sizeOf(typeOf(range));
    return cost(range) + 1 + times * ((PER_ELEMENT[fold] ?? PER_OTHER_ELEMENT) + sum([condition, transform]));
  };
  return Math.ceil(cost(root));
}

/** Two texts are compared only as far as the shorter one goes. */
function readingCost(name: string, types: readonly (CelType | undefined)[]): number {
  const texts = types.filter((type) => type?.kind === 'string' || type?.kind === 'bytes').map(sizeOf);
  const lists = types.filter((type) => type?.kind === 'list' || type?.kind === 'map').map(sizeOf);
  const isComparison = name === '_==_' || name === '_!=_';
  const take = (sizes: readonly number[]): number => {
    if (sizes.length === 0) return 0;
    return isComparison ? Math.min(...sizes) : sizes.reduce((total, size) => total + size, 0);
  };
  const characters = READS_TEXT.has(name) ? take(texts) * PER_CHARACTER : 0;
  return characters + (READS_LIST.has(name) ? take(lists) : 0);
}

/** Literals have no type that says how long they are; next to what is compared with them they are short. */
function sizeOf(type: CelType | undefined): number {
  if (!type) return 1;
  if ('maxSize' in type && type.maxSize !== undefined) return type.maxSize;
  switch (type.kind) {
    case 'list':
      return elementsOf(leastOf(type.element));
    case 'map':
      return elementsOf(leastOf(type.key) + leastOf(type.value) + 1);
    case 'string':
    case 'bytes':
      return MAX_REQUEST;
    default:
      return 1;
  }
}

function leastOf({ kind }: CelType): number {
  return LEAST[kind] ?? LEAST_OTHER;
}

function elementsOf(least: number): number {
  return Math.floor((MAX_REQUEST - 2) / (least + 1));
}

/** How many values of an item's schema one list can have. */
export function itemCount(schema: Schema): number {
  const items = itemsOf(schema);
  return schema.maxItems ?? elementsOf(items ? leastCharacters(items) : 1);
}

/** The same for a map's values; a key takes two quotes, and a colon follows it. */
export function valueCount(schema: Schema, value: Schema): number {
  return schema.maxProperties ?? elementsOf(leastCharacters(value) + 3);
}

function leastCharacters(schema: Schema): number {
  switch (schema.type) {
    case 'object': {
      const required = (schema.required ?? []).flatMap((name) => {
        const property = propertyOf(schema, name);
        return property ? [name.length + 4 + leastCharacters(property)] : [];
      });
      return required.reduce((total, size) => total + size, LEAST_OTHER);
    }
    case 'boolean':
      return 4;
    case 'integer':
    case 'number':
      return 1;
    case 'string':
      return LEAST_OTHER + (schema.minLength ?? 0);
    default:
      return LEAST_OTHER;
  }
}
