/** What -o names: how objects become text. Each format is loaded when it is asked for. */
import { readFileSync } from 'node:fs';
import { CommandError } from '../errors.ts';

export interface Printer {
  /** Of one object or one list; with its final newline where the format has one. */
  print(object: unknown): string;
}

const FORMATS = [
  'json',
  'yaml',
  'name',
  'jsonpath',
  'jsonpath-as-json',
  'jsonpath-file',
  'custom-columns',
  'custom-columns-file',
  'go-template',
  'go-template-file',
  'template',
  'templatefile',
] as const;

export interface PrinterOptions {
  /** Those of the formats that the verb knows; all when absent. */
  readonly allowed?: readonly string[];
  readonly noHeaders?: boolean;
  readonly showManagedFields?: boolean;
  /** `--template`: of a format that needs one and was given without. */
  readonly template?: string | undefined;
  /** Whether a key that is not there is left out or an error; left out when absent. */
  readonly allowMissingTemplateKeys?: boolean;
}

/** `output` is such as `jsonpath={.metadata.name}`. Throws CommandError for what there is no printer for. */
export async function printerFor(output: string, options: PrinterOptions = {}): Promise<Printer> {
  const equals = output.indexOf('=');
  const format = equals < 0 ? output : output.slice(0, equals);
  const argument = equals < 0 ? (options.template ?? '') : output.slice(equals + 1);
  const { allowed = FORMATS } = options;
  if (!allowed.includes(format)) {
    throw new CommandError(
      `unable to match a printer suitable for the output format "${format}", allowed formats are: ${allowed.join(',')}`,
    );
  }
  const printer = await load(format, argument, options);
  return options.showManagedFields ? printer : { print: (object) => printer.print(withoutManagedFields(object)) };
}

async function load(format: string, argument: string, options: PrinterOptions): Promise<Printer> {
  switch (format) {
    case 'json':
      return { print: (await import('./json.ts')).jsonText };
    case 'yaml':
      return { print: (await import('./yaml.ts')).yamlText };
    case 'name':
      return { print: (await import('./name.ts')).nameLines };
    case 'jsonpath':
    case 'jsonpath-file':
    case 'jsonpath-as-json': {
      const { Template } = await import('../../api/machinery/jsonpath.ts');
      const template = Template.parse(
        format === 'jsonpath-file' ? readText(argument) : needed(argument, 'template', format),
      );
      if (format === 'jsonpath-as-json') {
        const { jsonText } = await import('./json.ts');
        return { print: (object) => jsonText(template.find(object)) };
      }
      return { print: (object) => template.text(object) };
    }
    case 'go-template':
    case 'template':
      return goTemplate(needed(argument, 'template', format), options);
    case 'go-template-file':
    case 'templatefile':
      return goTemplate(readText(needed(argument, 'template', format)), options);
    default: {
      const { CustomColumns } = await import('./custom-columns.ts');
      const columns =
        format === 'custom-columns-file'
          ? CustomColumns.parseFile(readText(argument))
          : CustomColumns.parse(needed(argument, 'custom-columns', format));
      return { print: (object) => columns.text(object, options.noHeaders === true) };
    }
  }
}

async function goTemplate(source: string, { allowMissingTemplateKeys }: PrinterOptions): Promise<Printer> {
  const { GoTemplate, GoTemplateError } = await import('./go-template/template.ts');
  const telling = <T>(what: string, work: () => T): T => {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof GoTemplateError)) throw error;
      throw new CommandError(`${what} ${error.message}`);
    }
  };
  const quoted = JSON.stringify(source);
  const template = telling(
    `error parsing template ${source},`,
    () => new GoTemplate(source, { allowMissingKeys: allowMissingTemplateKeys ?? true }),
  );
  return { print: (object) => telling(`error executing template ${quoted}:`, () => template.text(object)) };
}

function needed(argument: string, what: string, format: string): string {
  if (argument !== '') return argument;
  throw new CommandError(
    what === 'template'
      ? `template format specified but no template given`
      : `${format} format specified but no custom columns given`,
  );
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const why = isMissing ? 'no such file or directory' : (error as Error).message;
    throw new CommandError(`error reading --template ${path}, open ${path}: ${why}`);
  }
}

interface Listed {
  readonly metadata?: { readonly managedFields?: unknown };
  readonly items?: readonly Listed[];
}

function withoutManagedFields(object: unknown): unknown {
  const { metadata, items } = object as Listed;
  if (items) return { ...(object as Listed), items: items.map(withoutManagedFields) };
  if (metadata?.managedFields === undefined) return object;
  const { managedFields: _dropped, ...rest } = metadata;
  return { ...(object as Listed), metadata: rest };
}
