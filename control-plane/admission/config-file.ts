/** What `--admission-control-config-file` says: an AdmissionConfiguration of apiserver.config.k8s.io/v1. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { parse } from 'yaml';
import { LIMIT_TYPES, type EventLimit } from './event-rate-limit.ts';

const API_VERSION = 'apiserver.config.k8s.io/v1';
const LIMITS_VERSION = 'eventratelimit.admission.k8s.io/v1alpha1';
const DEFAULT_CACHE_SIZE = 4096;

export interface AdmissionConfig {
  readonly eventLimits: readonly EventLimit[];
}

/** Rejects with an Error that names the file and the field. A plugin's settings stand in it, or in a file that it names. */
export async function readAdmissionConfig(file: string): Promise<AdmissionConfig> {
  const config = await readYaml(file);
  expect(file, config['apiVersion'] === API_VERSION, 'apiVersion', `must be ${API_VERSION}`);
  expect(file, config['kind'] === 'AdmissionConfiguration', 'kind', 'must be AdmissionConfiguration');
  const plugins = listOf(file, config['plugins'], 'plugins');
  let eventLimits: readonly EventLimit[] = [];
  for (const [at, value] of plugins.entries()) {
    const plugin = recordOf(file, value, `plugins[${at}]`);
    const isKnown = plugin['name'] === 'EventRateLimit';
    expect(file, isKnown, `plugins[${at}].name`, 'must be EventRateLimit: nothing else takes settings');
    eventLimits = await limitsOf(file, plugin, `plugins[${at}]`);
  }
  return { eventLimits };
}

async function limitsOf(file: string, plugin: Record<string, unknown>, where: string): Promise<EventLimit[]> {
  const named = plugin['path'];
  const other = typeof named === 'string' && named !== '' ? path.resolve(path.dirname(file), named) : undefined;
  const place = other ?? file;
  const settings =
    other === undefined ? recordOf(file, plugin['configuration'], `${where}.configuration`) : await readYaml(other);
  expect(place, settings['apiVersion'] === LIMITS_VERSION, 'apiVersion', `must be ${LIMITS_VERSION}`);
  expect(place, settings['kind'] === 'Configuration', 'kind', 'must be Configuration');
  const limits = listOf(place, settings['limits'], 'limits');
  expect(place, limits.length > 0, 'limits', 'must not be empty');
  return limits.map((limit, at) => limitOf(place, recordOf(place, limit, `limits[${at}]`), `limits[${at}]`));
}

function limitOf(file: string, limit: Record<string, unknown>, where: string): EventLimit {
  const type = LIMIT_TYPES.find((name) => name === limit['type']);
  if (!type) return expect(file, false, `${where}.type`, `must be one of ${LIMIT_TYPES.join(', ')}`);
  const number = (field: string, least: number, fallback?: number): number => {
    const value = limit[field] ?? fallback;
    const isGood = typeof value === 'number' && Number.isInteger(value) && value >= least;
    return isGood ? value : expect(file, false, `${where}.${field}`, `must be a whole number of at least ${least}`);
  };
  const cacheSize = number('cacheSize', 0, 0);
  return { type, qps: number('qps', 1), burst: number('burst', 1), cacheSize: cacheSize || DEFAULT_CACHE_SIZE };
}

async function readYaml(file: string): Promise<Record<string, unknown>> {
  let value: unknown;
  try {
    value = parse(await readFile(file, 'utf8'), { maxAliasCount: 0, logLevel: 'error' });
  } catch (error) {
    throw new Error(`--admission-control-config-file: ${file}: ${(error as Error).message}`, { cause: error });
  }
  return recordOf(file, value, 'the file');
}

function recordOf(file: string, value: unknown, where: string): Record<string, unknown> {
  const isRecord = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isRecord ? (value as Record<string, unknown>) : expect(file, false, where, 'must be an object');
}

function listOf(file: string, value: unknown, where: string): unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : expect(file, false, where, 'must be a list');
}

function expect(file: string, isMet: false, where: string, what: string): never;
function expect(file: string, isMet: boolean, where: string, what: string): void;
function expect(file: string, isMet: boolean, where: string, what: string): void {
  if (!isMet) throw new Error(`--admission-control-config-file: ${file}: ${where} ${what}`);
}
