/** The formats that schemas of strings and numbers can name, and what has them. Unknown formats hold nothing back. */
import { checkCidr, isIPv4, isIPv6 } from '../validation/addresses.ts';
import { checkDnsLabel, checkDnsSubdomain } from '../machinery/names.ts';

type Test = (text: string) => boolean;

const HEX = '[0-9a-f]';
const EMAIL = /^[^\s@<>(),;:\\"[\]]+@[^\s@<>(),;:\\"[\]]+$/;
const HOSTNAME = /^[a-zA-Z0-9_]([-a-zA-Z0-9_]*[a-zA-Z0-9_])?(\.[a-zA-Z0-9_]([-a-zA-Z0-9_]*[a-zA-Z0-9_])?)*\.?$/;
const MAC =
  /^([0-9a-fA-F]{2}([:-])[0-9a-fA-F]{2}(\2[0-9a-fA-F]{2}){4}((\2[0-9a-fA-F]{2}){2})?|([0-9a-fA-F]{4}\.){2,3}[0-9a-fA-F]{4})$/;
const CARD =
  /^(?:4[0-9]{12}(?:[0-9]{3})?|5[1-5][0-9]{14}|6(?:011|5[0-9][0-9])[0-9]{12}|3[47][0-9]{13}|3(?:0[0-5]|[68][0-9])[0-9]{11}|(?:2131|1800|35\d{3})\d{11})$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const DATE_TIME = /^(\d{4}-\d{2}-\d{2})[tT ]\d{2}:\d{2}:\d{2}(\.\d+)?([zZ]|[+-]\d{2}:?\d{2})?$/;
const GO_DURATION = /^[-+]?(0|((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))+)$/;
const WORD_DURATION =
  /^\s*\d+\s*(ns|nanoseconds?|nanos?|us|µs|microseconds?|micros?|ms|milliseconds?|millis?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|weeks?)\s*$/i;
const RGB_PART = '\\s*(\\d{1,2}|1\\d{2}|2[0-4]\\d|25[0-5])\\s*';

function uuid(version: string): Test {
  const pattern = new RegExp(`^${HEX}{8}-?${HEX}{4}-?${version}-?${HEX}{12}$`, 'i');
  return (text) => pattern.test(text);
}

const anyUuid = uuid(`${HEX}{4}-?${HEX}{4}`);

/** By their names without dashes. */
const STRING_FORMATS: ReadonlyMap<string, Test> = new Map<string, Test>([
  ['bsonobjectid', (text) => /^[0-9a-fA-F]{24}$/.test(text)],
  ['uri', isUri],
  ['email', (text) => EMAIL.test(text)],
  ['hostname', (text) => text.length <= 255 && HOSTNAME.test(text)],
  ['ipv4', isIPv4],
  ['ipv6', isIPv6],
  ['cidr', (text) => checkCidr(text).length === 0],
  ['mac', (text) => MAC.test(text)],
  ['uuid', anyUuid],
  ['uuid3', uuid(`3${HEX}{3}-?${HEX}{4}`)],
  ['uuid4', uuid(`4${HEX}{3}-?[89ab]${HEX}{3}`)],
  ['uuid5', uuid(`5${HEX}{3}-?[89ab]${HEX}{3}`)],
  ['isbn', (text) => isIsbn10(text) || isIsbn13(text)],
  ['isbn10', isIsbn10],
  ['isbn13', isIsbn13],
  ['creditcard', isCreditCard],
  ['ssn', (text) => /^\d{3}[- ]?\d{2}[- ]?\d{4}$/.test(text)],
  ['hexcolor', (text) => /^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$/.test(text)],
  ['rgbcolor', (text) => new RegExp(`^rgb\\(${RGB_PART},${RGB_PART},${RGB_PART}\\)$`).test(text)],
  ['byte', (text) => BASE64.test(text)],
  ['password', () => true],
  ['date', isDate],
  ['duration', (text) => GO_DURATION.test(text) || WORD_DURATION.test(text)],
  ['datetime', (text) => isDate(DATE_TIME.exec(text)?.[1] ?? '') && !Number.isNaN(Date.parse(text.replace(' ', 'T')))],
  ['k8sshortname', (text) => checkDnsLabel(text).length === 0],
  ['k8slongname', (text) => checkDnsSubdomain(text).length === 0],
]);

const INTEGER_FORMATS: ReadonlySet<string> = new Set(['int32', 'int64']);
const NUMBER_FORMATS: ReadonlySet<string> = new Set(['float', 'double']);

/** Whether the text has the format; true for a format that nobody knows. */
export function hasFormat(text: string, format: string): boolean {
  return STRING_FORMATS.get(format.replaceAll('-', ''))?.(text) ?? true;
}

/** Whether values of this type can have such a format. */
export function isKnownFormat(type: string | undefined, format: string): boolean {
  if (type === undefined || type === 'string') return STRING_FORMATS.has(format.replaceAll('-', ''));
  if (type === 'integer') return INTEGER_FORMATS.has(format);
  return type === 'number' && NUMBER_FORMATS.has(format);
}

function isUri(text: string): boolean {
  if (text === '' || /[\s\p{Cc}]/u.test(text)) return false;
  return text.startsWith('/') || URL.canParse(text);
}

function isDate(text: string): boolean {
  const [, year, month, day] = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text) ?? [];
  if (year === undefined) return false;
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.getUTCMonth() + 1 === Number(month) && date.getUTCDate() === Number(day);
}

function isIsbn10(text: string): boolean {
  const digits = text.replaceAll(/[\s-]/g, '');
  if (!/^\d{9}[\dXx]$/.test(digits)) return false;
  const sum = digits
    .split('')
    .reduce((total, digit, at) => total + (at + 1) * (/x/i.test(digit) ? 10 : Number(digit)), 0);
  return sum % 11 === 0;
}

function isIsbn13(text: string): boolean {
  const digits = text.replaceAll(/[\s-]/g, '');
  if (!/^\d{13}$/.test(digits)) return false;
  return digits.split('').reduce((total, digit, at) => total + Number(digit) * (at % 2 === 0 ? 1 : 3), 0) % 10 === 0;
}

function isCreditCard(text: string): boolean {
  const digits = text.replaceAll(/\D/g, '');
  if (!CARD.test(digits)) return false;
  const sum = digits
    .split('')
    .toReversed()
    .reduce((total, digit, at) => {
      const doubled = Number(digit) * (at % 2 === 0 ? 1 : 2);
      return total + (doubled > 9 ? doubled - 9 : doubled);
    }, 0);
  return sum % 10 === 0;
}
