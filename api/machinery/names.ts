/**
 * The forms that names may have. Each check returns what is wrong, in Kubernetes' words, and an empty list for a good
 * name; lengths are in characters.
 */

const DNS_LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const DNS_SUBDOMAIN = `${DNS_LABEL}(\\.${DNS_LABEL})*`;
const DNS_1035_LABEL = '[a-z]([-a-z0-9]*[a-z0-9])?';
const QUALIFIED_NAME = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const LABEL_VALUE = `(${QUALIFIED_NAME})?`;
const ENV_NAME = '[-._a-zA-Z][-._a-zA-Z0-9]*';
const CONFIG_KEY = '[-._a-zA-Z0-9]+';
const C_IDENTIFIER = '[A-Za-z_][A-Za-z0-9_]*';
const HTTP_HEADER = '[-A-Za-z0-9]+';
const PERCENT = '[0-9]+%';

const MAX_LABEL = 63;
const MAX_SUBDOMAIN = 253;

interface Form {
  readonly pattern: string;
  readonly regexp: RegExp;
  readonly rule: string;
  readonly examples: readonly string[];
}

function form(pattern: string, rule: string, ...examples: string[]): Form {
  return { pattern, regexp: new RegExp(`^${pattern}$`), rule, examples };
}

const FORMS = {
  dnsLabel: form(
    DNS_LABEL,
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
    'my-name',
    '123-abc',
  ),
  dnsSubdomain: form(
    DNS_SUBDOMAIN,
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
    'example.com',
  ),
  dns1035Label: form(
    DNS_1035_LABEL,
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
    'my-name',
    'abc-123',
  ),
  wildcard: form(
    `\\*\\.${DNS_SUBDOMAIN}`,
    "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
    '*.example.com',
  ),
  qualifiedName: form(
    QUALIFIED_NAME,
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
    'MyName',
    'my.name',
    '123-abc',
  ),
  labelValue: form(
    LABEL_VALUE,
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
    'MyValue',
    'my_value',
    '12345',
  ),
  envName: form(
    ENV_NAME,
    "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit",
    'my.env-name',
    'MY_ENV.NAME',
    'MyEnvName1',
  ),
  configKey: form(
    CONFIG_KEY,
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
    'key.name',
    'KEY_NAME',
    'key-name',
  ),
  cIdentifier: form(
    C_IDENTIFIER,
    "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_'",
    'my_name',
    'MY_NAME',
    'MyName',
  ),
  httpHeader: form(HTTP_HEADER, "a valid HTTP header must consist of alphanumeric characters or '-'", 'X-Header-Name'),
  percent: form(PERCENT, "a valid percent string must be a numeric string followed by an ending '%'", '1%', '93%'),
};

function check(value: string, wanted: Form, maxLength?: number): string[] {
  const errors: string[] = [];
  if (maxLength !== undefined && value.length > maxLength) errors.push(tooLongMessage(maxLength));
  if (!wanted.regexp.test(value)) errors.push(formMessage(wanted));
  return errors;
}

function formMessage({ rule, examples, pattern }: Form): string {
  const quoted = examples.map((example) => `'${example}', `).join(' or ');
  return `${rule} (e.g. ${quoted}regex used for validation is '${pattern}')`;
}

export function tooLongMessage(maxLength: number): string {
  return `must be no more than ${maxLength} characters`;
}

export function rangeMessage(low: number, high: number): string {
  return `must be between ${low} and ${high}, inclusive`;
}

export function checkDnsLabel(value: string): string[] {
  const isSubdomain = !FORMS.dnsLabel.regexp.test(value) && FORMS.dnsSubdomain.regexp.test(value);
  if (!isSubdomain) return check(value, FORMS.dnsLabel, MAX_LABEL);
  return [...(value.length > MAX_LABEL ? [tooLongMessage(MAX_LABEL)] : []), 'must not contain dots'];
}

export function checkDnsSubdomain(value: string): string[] {
  return check(value, FORMS.dnsSubdomain, MAX_SUBDOMAIN);
}

export function checkDns1035Label(value: string): string[] {
  return check(value, FORMS.dns1035Label, MAX_LABEL);
}

export function checkWildcardDnsSubdomain(value: string): string[] {
  return check(value, FORMS.wildcard, MAX_SUBDOMAIN);
}

export function checkLabelValue(value: string): string[] {
  return check(value, FORMS.labelValue, MAX_LABEL);
}

/** Label and annotation keys, finalizers, resource names: a name, perhaps after a domain and a slash. */
export function checkQualifiedName(value: string): string[] {
  const parts = value.split('/');
  if (parts.length > 2) {
    return [
      `a valid label key ${formMessage(FORMS.qualifiedName)} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  const name = parts[parts.length - 1] ?? '';
  const errors = parts.length === 2 ? checkPrefix(parts[0] ?? '') : [];
  if (name === '') errors.push('name part must be non-empty');
  else if (name.length > MAX_LABEL) errors.push(`name part ${tooLongMessage(MAX_LABEL)}`);
  errors.push(...check(name, FORMS.qualifiedName).map((error) => `name part ${error}`));
  return errors;
}

function checkPrefix(prefix: string): string[] {
  if (prefix === '') return ['prefix part must be non-empty'];
  return checkDnsSubdomain(prefix).map((error) => `prefix part ${error}`);
}

export function checkEnvName(value: string): string[] {
  return [...check(value, FORMS.envName), ...checkNoDots(value)];
}

/** What the API takes since it was relaxed: any printable ASCII but '='. */
export function checkRelaxedEnvName(value: string): string[] {
  if (value === '') return ['environment variable name must be non-empty'];
  if (/^[\x20-\x3c\x3e-\x7e]*$/.test(value)) return [];
  return ["a valid environment variable name must consist only of printable ASCII characters other than '='"];
}

/** Keys of a ConfigMap or Secret: they become file names. */
export function checkConfigKey(value: string): string[] {
  return [...check(value, FORMS.configKey, MAX_SUBDOMAIN), ...checkNoDots(value)];
}

function checkNoDots(value: string): string[] {
  if (value === '.') return ["must not be '.'"];
  if (value === '..') return ["must not be '..'"];
  return value.startsWith('..') ? ["must not start with '..'"] : [];
}

export function checkCIdentifier(value: string): string[] {
  return check(value, FORMS.cIdentifier);
}

export function checkHttpHeaderName(value: string): string[] {
  return check(value, FORMS.httpHeader);
}

export function checkPercent(value: string): string[] {
  return check(value, FORMS.percent);
}

export function checkPortNumber(value: number): string[] {
  return value >= 1 && value <= 65535 ? [] : [rangeMessage(1, 65535)];
}

const MAX_PORT_NAME = 15;

export function checkPortName(value: string): string[] {
  const errors: string[] = [];
  if (value.length > MAX_PORT_NAME) errors.push(tooLongMessage(MAX_PORT_NAME));
  if (!/^[-a-z0-9]+$/.test(value))
    errors.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
  if (!/[a-z]/.test(value)) errors.push('must contain at least one letter (a-z)');
  if (value.includes('--')) errors.push('must not contain consecutive hyphens');
  if (value.startsWith('-') || value.endsWith('-')) errors.push('must not begin or end with a hyphen');
  return errors;
}

/** Names that need only fit into a path, such as those of roles. */
export function checkPathSegment(value: string): string[] {
  if (value === '.' || value === '..') return [`may not be '${value}'`];
  return ['/', '%'].filter((part) => value.includes(part)).map((part) => `may not contain '${part}'`);
}
