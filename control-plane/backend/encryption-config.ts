/** The file that says what is encrypted in the store: an EncryptionConfiguration of apiserver.config.k8s.io/v1. */
import { randomBytes } from 'node:crypto';
import { parse, stringify } from 'yaml';
import { REGISTRY_PREFIX } from '../registry/keys.ts';
import type { Provider, SealingRule } from '../storage/sealed/sealing.ts';

const API_VERSION = 'apiserver.config.k8s.io/v1';
const KIND = 'EncryptionConfiguration';
const KEY_LENGTHS = new Set([16, 24, 32]);

/** Says what is wrong with the file, and where in it. */
export class EncryptionConfigError extends Error {
  override readonly name = 'EncryptionConfigError';
}

/** Secrets are encrypted with a new key; what was stored before stays readable. */
export function newEncryptionConfig(): string {
  const key = { name: 'key1', secret: randomBytes(32).toString('base64') };
  const providers = [{ aesgcm: { keys: [key] } }, { identity: {} }];
  return stringify({ apiVersion: API_VERSION, kind: KIND, resources: [{ resources: ['secrets'], providers }] });
}

/** Throws {@link EncryptionConfigError}. */
export function parseEncryptionConfig(text: string): SealingRule[] {
  const config = record(read(text), 'the file');
  if (config['apiVersion'] !== API_VERSION) fail('apiVersion', `must be ${API_VERSION}`);
  if (config['kind'] !== KIND) fail('kind', `must be ${KIND}`);
  const rules = list(config['resources'], 'resources').map((rule, at) => ruleOf(rule, `resources[${at}]`));
  const names = new Map<string, string>();
  for (const key of rules.flatMap(({ providers }) => providers)) {
    if (key === 'plain') continue;
    const secret = key.secret.toString('base64');
    if ((names.get(key.name) ?? secret) !== secret) fail('resources', `two keys are named ${key.name}`);
    names.set(key.name, secret);
  }
  return rules;
}

function read(text: string): unknown {
  try {
    return parse(text, { maxAliasCount: 0, logLevel: 'error' }) as unknown;
  } catch (error) {
    throw new EncryptionConfigError(`not YAML: ${(error as Error).message}`, { cause: error });
  }
}

function ruleOf(value: unknown, path: string): SealingRule {
  const { resources, providers } = record(value, path);
  const prefixes = list(resources, `${path}.resources`).map((name, at) => prefixOf(name, `${path}.resources[${at}]`));
  const all = list(providers, `${path}.providers`);
  return { prefixes, providers: all.flatMap((provider, at) => providersOf(provider, `${path}.providers[${at}]`)) };
}

/** `secrets`, `widgets.example.com`, `*.apps`, `*.` for the core group, `*.*` for everything. */
function prefixOf(name: unknown, path: string): string {
  if (typeof name !== 'string' || name === '') return fail(path, 'must be the name of a resource');
  if (name === '*.*') return REGISTRY_PREFIX;
  const dot = name.indexOf('.');
  const plural = dot < 0 ? name : name.slice(0, dot);
  const group = (dot < 0 ? '' : name.slice(dot + 1)) || 'core';
  if (!/^([a-z0-9-]+|\*)$/.test(plural) || !/^[a-z0-9.-]+$/.test(group)) {
    return fail(path, `"${name}" is not the name of a resource`);
  }
  return plural === '*' ? `${REGISTRY_PREFIX}${group}/` : `${REGISTRY_PREFIX}${group}/${plural}/`;
}

function providersOf(value: unknown, path: string): Provider[] {
  const entries = Object.entries(record(value, path));
  const [entry] = entries;
  if (!entry || entries.length > 1) return fail(path, 'must name exactly one provider');
  const [name, settings] = entry;
  if (name === 'identity') return ['plain'];
  if (name !== 'aesgcm') return fail(`${path}.${name}`, 'is not served; the providers are aesgcm and identity');
  const keys = list(record(settings, `${path}.aesgcm`)['keys'], `${path}.aesgcm.keys`);
  return keys.map((key, at) => keyOf(key, `${path}.aesgcm.keys[${at}]`));
}

function keyOf(value: unknown, path: string): Provider {
  const { name, secret } = record(value, path);
  if (typeof name !== 'string' || !/^[^:\s]{1,253}$/.test(name))
    return fail(`${path}.name`, 'must be a name without colon');
  if (typeof secret !== 'string') return fail(`${path}.secret`, 'must be the key in base64');
  const bytes = Buffer.from(secret, 'base64');
  const isBase64 = bytes.toString('base64').replace(/=+$/, '') === secret.trim().replace(/=+$/, '');
  if (!isBase64 || !KEY_LENGTHS.has(bytes.length))
    return fail(`${path}.secret`, 'must be 16, 24 or 32 bytes in base64');
  return { name, secret: bytes };
}

function record(value: unknown, path: string): Record<string, unknown> {
  const isRecord = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isRecord ? (value as Record<string, unknown>) : fail(path, 'must be an object');
}

function list(value: unknown, path: string): unknown[] {
  return Array.isArray(value) && value.length > 0 ? value : fail(path, 'must be a list that is not empty');
}

function fail(path: string, what: string): never {
  throw new EncryptionConfigError(`${path} ${what}`);
}
