/** Carries out what probes and hooks ask for: a command in the container, an HTTP or gRPC request, a TCP connection. */
import type { Container, HTTPGetAction, Pod, ProbeHandler } from '../../api/types/core.v1.ts';
import type { Runtime } from '../runtime/port.ts';
import { RuntimeError } from '../runtime/port.ts';
import { grpcHealth } from './grpc-health.ts';
import { httpRequest } from './http-request.ts';
import { tcpConnect } from './tcp-connect.ts';

export interface HandlerTarget {
  readonly pod: Pod;
  readonly container: Container;
  readonly containerId: string;
  /** The pod's address; the node's for pods on its network. */
  readonly ip: string;
}

export interface Attempt {
  /** unknown: it could not even be tried, which says nothing about the container. */
  readonly result: 'success' | 'failure' | 'unknown';
  readonly output: string;
  /** A success that its user should look at: the output says why. */
  readonly isWarning?: boolean;
}

const MAX_OUTPUT = 10_240;
const USER_AGENT = 'kube-probe/1.35';

/** Never rejects. */
export async function attempt(
  runtime: Runtime,
  target: HandlerTarget,
  handler: ProbeHandler,
  timeoutSeconds: number,
): Promise<Attempt> {
  try {
    if (handler.exec) return await execute(runtime, target.containerId, handler.exec.command ?? [], timeoutSeconds);
    if (handler.httpGet) return await request(target, handler.httpGet, timeoutSeconds);
    if (handler.tcpSocket) {
      const { host, port } = handler.tcpSocket;
      await tcpConnect(host || target.ip, portOf(target.container, port), timeoutSeconds * 1000);
      return { result: 'success', output: '' };
    }
    if (handler.grpc) {
      const { port, service = '' } = handler.grpc;
      await grpcHealth({ host: target.ip, port, service, timeoutSeconds, userAgent: USER_AGENT });
      return { result: 'success', output: '' };
    }
    return { result: 'unknown', output: `missing probe handler for ${target.container.name}` };
  } catch (error) {
    const isFault = error instanceof RuntimeError || error instanceof PortError;
    return { result: isFault ? 'unknown' : 'failure', output: (error as Error).message };
  }
}

async function execute(runtime: Runtime, id: string, command: string[], timeoutSeconds: number): Promise<Attempt> {
  try {
    const { exitCode, stdout, stderr } = await runtime.execSync(id, command, timeoutSeconds);
    const output = Buffer.concat([stdout, stderr]).subarray(0, MAX_OUTPUT).toString();
    return { result: exitCode === 0 ? 'success' : 'failure', output };
  } catch (error) {
    if (!(error instanceof RuntimeError) || error.code !== 'DeadlineExceeded') throw error;
    return {
      result: 'failure',
      output: `command timed out: "${command.join(' ')}" timed out after ${timeoutSeconds}s`,
    };
  }
}

async function request(target: HandlerTarget, get: HTTPGetAction, timeoutSeconds: number): Promise<Attempt> {
  const { status, body } = await httpRequest({
    scheme: get.scheme?.toUpperCase() === 'HTTPS' ? 'https' : 'http',
    host: get.host || target.ip,
    port: portOf(target.container, get.port),
    path: get.path ?? '/',
    headers: get.httpHeaders ?? [],
    timeoutMilliseconds: timeoutSeconds * 1000,
    userAgent: USER_AGENT,
  });
  // A redirect that is left over leads to another host.
  if (status >= 300 && status < 400) {
    return { result: 'success', output: `Probe terminated redirects, Response body: ${body}`, isWarning: true };
  }
  if (status >= 200 && status < 300) return { result: 'success', output: '' };
  return { result: 'failure', output: `HTTP probe failed with statuscode: ${status}` };
}

class PortError extends Error {}

export function portOf(container: Container, port: number | string): number {
  const named = (container.ports ?? []).find(({ name }) => name === port);
  const number = named?.containerPort ?? Number(port);
  if (!Number.isInteger(number) || number < 1 || number > 65_535) {
    throw new PortError(`couldn't find port: "${port}"`);
  }
  return number;
}
