/** The unmodified kubectl. */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { clientEnvironment, clientProgram, runProgram, type ProgramResult, type Release } from './client-program.ts';

export type KubectlResult = ProgramResult;

const RELEASE = '1.35';

/** The path of the binary. Extracts it on the first call on this machine. */
export function kubectlPath(release: Release = RELEASE): Promise<string> {
  return clientProgram('kubectl', release);
}

/** Runs kubectl to its end. A failure of kubectl is a result, not an exception. `extra` is added to its environment. */
export async function kubectl(
  kubeconfig: string,
  args: readonly string[],
  stdin = '',
  extra: NodeJS.ProcessEnv = {},
  release: Release = RELEASE,
): Promise<KubectlResult> {
  return runProgram(await kubectlPath(release), args, { ...clientEnvironment(kubeconfig), ...extra }, stdin);
}

/** Starts kubectl and leaves it running: for watches, logs that follow and the like. The caller ends it. */
export async function spawnKubectl(
  kubeconfig: string,
  args: readonly string[],
  extra: NodeJS.ProcessEnv = {},
  release: Release = RELEASE,
): Promise<ChildProcessWithoutNullStreams> {
  return spawn(await kubectlPath(release), args, { env: { ...clientEnvironment(kubeconfig), ...extra } });
}
