/** Versions, by Semantic Versioning 2.0.0. */
import { EvaluationError } from '../errors.ts';
import { method, overload, type Overload } from '../functions.ts';
import { BOOL, INT, opaque, STRING } from '../types.ts';
import { Opaque, sizeOf, type Value } from '../values.ts';

const SEMVER = opaque('kubernetes.Semver');
const FORM =
  /^(0|[1-9]\d{0,18})\.(0|[1-9]\d{0,18})\.(0|[1-9]\d{0,18})(?:-((?:0|[1-9]\d*|\d*[A-Za-z-][\dA-Za-z-]*)(?:\.(?:0|[1-9]\d*|\d*[A-Za-z-][\dA-Za-z-]*))*))?(?:\+([\dA-Za-z-]+(?:\.[\dA-Za-z-]+)*))?$/;
const MAX_LENGTH = 256;

class SemverValue extends Opaque {
  readonly typeName = 'kubernetes.Semver';
  readonly numbers: readonly bigint[];
  readonly prerelease: readonly string[];

  constructor(numbers: readonly bigint[], prerelease: readonly string[]) {
    super();
    this.numbers = numbers;
    this.prerelease = prerelease;
  }

  equals(other: Opaque): boolean {
    return other instanceof SemverValue && compareVersions(this, other) === 0n;
  }
}

function parsed(text: string): SemverValue | undefined {
  const match = text.length > MAX_LENGTH ? null : FORM.exec(text);
  if (!match) return undefined;
  const [, major = '', minor = '', patch = '', prerelease] = match;
  return new SemverValue([major, minor, patch].map(BigInt), prerelease === undefined ? [] : prerelease.split('.'));
}

/** `v1.02` as `1.2.0`: a leading v, leading zeros and missing parts are let pass. */
function normalized(text: string): SemverValue | undefined {
  const parts = text.replace(/^v/, '').split('.');
  const head = parts.slice(0, 2);
  const rest = parts.slice(2).join('.');
  const three = parts.length > 2 ? [...head, rest] : head;
  if (three.length < 3 && /[+-]/.test(three.at(-1) ?? '')) return undefined;
  while (three.length < 3) three.push('0');
  return parsed(three.map((part) => part.replace(/^0+(?=\d)/, '')).join('.'));
}

function compareVersions(a: SemverValue, b: SemverValue): bigint {
  for (const [index, number] of a.numbers.entries()) {
    const other = b.numbers[index] ?? 0n;
    if (number !== other) return number < other ? -1n : 1n;
  }
  if (a.prerelease.length === 0 || b.prerelease.length === 0) {
    return BigInt(Math.sign(Number(a.prerelease.length === 0) - Number(b.prerelease.length === 0)));
  }
  for (const [index, part] of a.prerelease.entries()) {
    const other = b.prerelease[index];
    if (other === undefined) return 1n;
    const order = comparePart(part, other);
    if (order !== 0n) return order;
  }
  return a.prerelease.length < b.prerelease.length ? -1n : 0n;
}

function comparePart(a: string, b: string): bigint {
  const [isNumber, otherIsNumber] = [/^\d+$/.test(a), /^\d+$/.test(b)];
  if (isNumber && otherIsNumber) {
    const [left, right] = [BigInt(a), BigInt(b)];
    return left === right ? 0n : left < right ? -1n : 1n;
  }
  if (isNumber !== otherIsNumber) return isNumber ? -1n : 1n;
  return a === b ? 0n : a < b ? -1n : 1n;
}

function semver(value: SemverValue | undefined): SemverValue {
  if (!value) throw new EvaluationError('invalid semantic version');
  return value;
}

function traversal([text]: readonly Value[]): number {
  return Math.max(1, Math.ceil(sizeOf(text) * 0.1));
}

type Two = [SemverValue, SemverValue];
const TWO = [SEMVER, SEMVER];
const TEXT = { params: [STRING], cost: traversal };
const TEXT_FLAG = { params: [STRING, BOOL], cost: traversal };

function read(text: string, normalize: boolean): SemverValue | undefined {
  return normalize ? normalized(text) : parsed(text);
}

export const semverLibrary: readonly Overload[] = [
  overload<[string]>('semver', { ...TEXT, result: SEMVER }, ([text]) => semver(parsed(text))),
  overload<[string, boolean]>('semver', { ...TEXT_FLAG, result: SEMVER }, ([text, flag]) => semver(read(text, flag))),
  overload<[string]>('isSemver', { ...TEXT, result: BOOL }, ([text]) => parsed(text) !== undefined),
  overload<[string, boolean]>('isSemver', { ...TEXT_FLAG, result: BOOL }, ([text, flag]) => {
    return read(text, flag) !== undefined;
  }),
  method<Two>('isGreaterThan', { params: TWO, result: BOOL }, ([a, b]) => compareVersions(a, b) > 0n),
  method<Two>('isLessThan', { params: TWO, result: BOOL }, ([a, b]) => compareVersions(a, b) < 0n),
  method<Two>('compareTo', { params: TWO, result: INT }, ([a, b]) => compareVersions(a, b)),
  ...['major', 'minor', 'patch'].map((name, index) =>
    method<[SemverValue]>(name, { params: [SEMVER], result: INT }, ([{ numbers }]) => numbers[index] ?? 0n),
  ),
];
