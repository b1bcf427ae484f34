/** Named formats of strings, such as `format.dns1123Label().validate(self.name)`. */
import {
  checkDns1035Label,
  checkDnsLabel,
  checkDnsSubdomain,
  checkLabelValue,
  checkQualifiedName,
} from '../../machinery/names.ts';
import { method, overload, type Overload } from '../functions.ts';
import { dateOf, timestampOf } from '../time.ts';
import { listOf, opaque, optionalOf, STRING } from '../types.ts';
import { Opaque, Optional, sizeOf, type Value, ValueList } from '../values.ts';
import { parseUrl } from './url.ts';

const FORMAT = opaque('kubernetes.NamedFormat');

type Check = (text: string) => string[];

class FormatValue extends Opaque {
  readonly typeName = 'kubernetes.NamedFormat';
  readonly name: string;
  readonly check: Check;

  constructor(name: string, check: Check) {
    super();
    this.name = name;
    this.check = check;
  }

  equals(other: Opaque): boolean {
    return other instanceof FormatValue && other.name === this.name;
  }
}

/** A prefix may end in a dash, since more is to come. */
function prefixOf(check: Check): Check {
  return (text) => check(text.length > 1 && text.endsWith('-') ? `${text.slice(0, -1)}a` : text);
}

function when(message: string, isRight: (text: string) => boolean): Check {
  return (text) => (isRight(text) ? [] : [message]);
}

function checkUri(text: string): string[] {
  const parts = parseUrl(text);
  return typeof parts === 'string' ? [`parse ${JSON.stringify(text)}: ${parts}`] : [];
}

const UUID = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

const FORMATS: ReadonlyMap<string, FormatValue> = new Map(
  Object.entries({
    dns1123Label: checkDnsLabel,
    dns1123Subdomain: checkDnsSubdomain,
    dns1035Label: checkDns1035Label,
    qualifiedName: checkQualifiedName,
    dns1123LabelPrefix: prefixOf(checkDnsLabel),
    dns1123SubdomainPrefix: prefixOf(checkDnsSubdomain),
    dns1035LabelPrefix: prefixOf(checkDns1035Label),
    labelValue: checkLabelValue,
    uri: checkUri,
    uuid: when('does not match the UUID format', (text) => UUID.test(text)),
    byte: when('invalid base64', (text) => text !== '' && BASE64.test(text)),
    date: when('invalid date', (text) => dateOf(text) !== undefined),
    datetime: when('invalid datetime', (text) => timestampOf(text) !== undefined),
  } satisfies Record<string, Check>).map(([name, check]) => [name, new FormatValue(name, check)]),
);

function validate(format: FormatValue, text: string): Optional {
  const wrong = format.check(text);
  return new Optional(wrong.length > 0 ? new ValueList(wrong) : undefined);
}

function validateCost([, text]: readonly Value[]): number {
  return Math.ceil((1 + sizeOf(text)) * 0.1) * 15;
}

export const formatLibrary: readonly Overload[] = [
  ...[...FORMATS].map(([name, format]) => overload<[]>(`format.${name}`, { params: [], result: FORMAT }, () => format)),
  overload<[string]>('format.named', { params: [STRING], result: optionalOf(FORMAT) }, ([name]) => {
    return new Optional(FORMATS.get(name));
  }),
  method<[FormatValue, string]>(
    'validate',
    { params: [FORMAT, STRING], result: optionalOf(listOf(STRING)), cost: validateCost },
    ([format, text]) => validate(format, text),
  ),
];
