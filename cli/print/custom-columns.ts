/** -o custom-columns: heads and paths. */
import { CommandError } from '../errors.ts';
import { aligned } from './align.ts';
import { Template, relaxed, valueText } from '../../api/machinery/jsonpath.ts';

interface Column {
  readonly head: string;
  readonly path: Template;
}

export class CustomColumns {
  private readonly columns: readonly Column[];

  private constructor(columns: readonly Column[]) {
    this.columns = columns;
  }

  /** Such as `NAME:.metadata.name,NODE:.spec.nodeName`. */
  static parse(spec: string): CustomColumns {
    return new CustomColumns(
      spec.split(/,(?![^[(]*[\])])/).map((part) => {
        const colon = part.indexOf(':');
        if (colon < 1 || colon === part.length - 1) {
          throw new CommandError(`unexpected custom-columns spec: ${part}, expected <header>:<json-path-expr>`);
        }
        return { head: part.slice(0, colon), path: Template.parse(relaxed(part.slice(colon + 1))) };
      }),
    );
  }

  /** Two lines: the heads, and the paths below them. */
  static parseFile(text: string): CustomColumns {
    const [heads = [], paths = []] = text.split('\n').map((line) => line.trim().split(/\s+/));
    if (heads.length !== paths.length) {
      throw new CommandError(
        `number of headers (${heads.length}) and field specifications (${paths.length}) don't match`,
      );
    }
    return new CustomColumns(heads.map((head, at) => ({ head, path: Template.parse(relaxed(paths[at] ?? '')) })));
  }

  text(object: unknown, noHeaders: boolean): string {
    const { items } = object as { items?: readonly unknown[] };
    const rows = (items ?? [object]).map((each) => this.columns.map(({ path }) => cellOf(path.find(each))));
    const heads = noHeaders ? [] : [this.columns.map(({ head }) => head)];
    // kubectl ends every cell here as if another one followed.
    const lines = aligned([...heads, ...rows]);
    return lines.map((line) => `${line}\n`).join('');
  }
}

function cellOf(values: readonly unknown[]): string {
  const known = values.filter((value) => value !== null && value !== undefined);
  return known.length === 0 ? '<none>' : known.map(valueText).join(',');
}
