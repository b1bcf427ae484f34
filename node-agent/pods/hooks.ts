/** postStart and preStop. */
import type { LifecycleHandler } from '../../api/types/core.v1.ts';
import type { Clock } from '../../lib/clock.ts';
import { sleep } from '../../lib/clock.ts';
import type { Runtime } from '../runtime/port.ts';
import type { HandlerTarget } from './handler.ts';
import { portOf } from './handler.ts';
import { httpRequest } from './http-request.ts';

export interface HookOptions {
  runtime: Runtime;
  clock: Clock;
}

const USER_AGENT = 'kube-lifecycle/1.35';

/** Rejects when the hook fails, when `timeoutSeconds` are over, or when the signal is aborted. */
export async function runHook(
  { runtime, clock }: HookOptions,
  target: HandlerTarget,
  hook: LifecycleHandler,
  timeoutSeconds: number,
  signal: AbortSignal,
): Promise<void> {
  const limit = new AbortController();
  const either = AbortSignal.any([signal, limit.signal]);
  const timer = clock.after(timeoutSeconds * 1000, () =>
    limit.abort(new Error(`hook took longer than ${timeoutSeconds}s`)),
  );
  try {
    await Promise.race([perform(runtime, clock, target, hook, timeoutSeconds, either), aborted(either)]);
  } finally {
    timer.cancel();
    limit.abort();
  }
}

async function perform(
  runtime: Runtime,
  clock: Clock,
  target: HandlerTarget,
  hook: LifecycleHandler,
  timeoutSeconds: number,
  signal: AbortSignal,
): Promise<void> {
  if (hook.sleep) await sleep(clock, hook.sleep.seconds * 1000, signal);
  if (hook.exec) {
    const command = hook.exec.command ?? [];
    const { exitCode, stderr } = await runtime.execSync(target.containerId, command, timeoutSeconds);
    if (exitCode !== 0) throw new Error(`command '${command.join(' ')}' exited with ${exitCode}: ${stderr.toString()}`);
  }
  if (hook.httpGet) {
    const { scheme, host, port, path = '/', httpHeaders = [] } = hook.httpGet;
    const { status } = await httpRequest({
      scheme: scheme?.toUpperCase() === 'HTTPS' ? 'https' : 'http',
      host: host || target.ip,
      port: portOf(target.container, port),
      path,
      headers: httpHeaders,
      timeoutMilliseconds: timeoutSeconds * 1000,
      userAgent: USER_AGENT,
    });
    if (status >= 400) throw new Error(`HTTP hook failed with statuscode: ${status}`);
  }
  // Kubernetes takes it and fails it, too: a connection says nothing to the program.
  if (hook.tcpSocket) throw new Error('invalid handler: TCP hooks do nothing');
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const fail = (): void => reject(signal.reason as Error);
    if (signal.aborted) fail();
    else signal.addEventListener('abort', fail, { once: true });
  });
}
