/** What GET /version says: the level of the API, and the program behind it. */
import { arch, platform, version as nodeVersion } from 'node:process';
import type { Handler } from '../http/exchange.ts';
import { writeJson } from '../http/respond.ts';

export const API_LEVEL = { major: '1', minor: '35', gitVersion: 'v1.35.0+dure' } as const;

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64' };

export const version: Handler = (exchange) =>
  writeJson(exchange, 200, {
    ...API_LEVEL,
    emulationMajor: API_LEVEL.major,
    emulationMinor: API_LEVEL.minor,
    minCompatibilityMajor: API_LEVEL.major,
    minCompatibilityMinor: '34',
    gitCommit: '',
    gitTreeState: 'clean',
    buildDate: '1970-01-01T00:00:00Z',
    goVersion: `node ${nodeVersion}`,
    compiler: 'node',
    platform: `${platform}/${ARCHITECTURES[arch] ?? arch}`,
  });
