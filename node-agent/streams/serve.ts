/** Serves what a server wants to see or run on this node: finds the container and hands over to the one that knows how. */
import { CHANNEL } from '../../api/streams.ts';
import type { StreamWanted } from '../../api/streams.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { Runtime } from '../runtime/port.ts';
import { serveDial, type Dialing } from './dial.ts';
import { untilEnded } from './ended.ts';
import { serveExec, type ExecWanted } from './exec.ts';
import { serveForward } from './forward.ts';
import { readLogs, type LogsWanted } from './logs.ts';
import type { ContainerPlace, PodLookup, StreamEnd } from './port.ts';
import { SUCCESS, badRequest, conflict, notFound, statusOf } from './status.ts';
import type { UsageMeter } from './usage.ts';

export interface StreamServerOptions {
  runtime: Runtime;
  pods: PodLookup;
  usage: UsageMeter;
  dialing: Dialing;
  clock: Clock;
  log: Log;
}

export class StreamServer {
  private readonly options: StreamServerOptions;

  constructor(options: StreamServerOptions) {
    this.options = options;
  }

  /** Resolves when the stream is over. Never rejects: what goes wrong is the Status at its end, if anyone still listens. */
  async serve(wanted: StreamWanted, end: StreamEnd): Promise<void> {
    try {
      await this.dispatch(wanted, end);
    } catch (error) {
      if (end.signal.aborted) return;
      this.options.log.debug({ err: error, kind: wanted.kind }, 'a stream failed');
      await end.send(CHANNEL.error, statusOf(error)).catch((cause: Error) => {
        this.options.log.debug({ err: cause }, 'nobody is left to hear that a stream failed');
      });
    }
  }

  private dispatch(wanted: StreamWanted, end: StreamEnd): Promise<void> {
    switch (wanted.kind) {
      case 'logs':
        return this.logs(wanted, end);
      case 'exec':
      case 'attach':
        return this.exec(wanted, end);
      case 'portforward':
        return this.forward(wanted, end);
      case 'dial':
        return serveDial(wanted, this.options.pods, this.options.dialing, end);
      case 'usage':
        return this.usage(end);
    }
  }

  private async logs(wanted: LogsWanted, end: StreamEnd): Promise<void> {
    const { runtime, clock } = this.options;
    const place = await this.find(wanted, wanted.previous ?? false);
    const stop = new AbortController();
    const signal = AbortSignal.any([end.signal, stop.signal]);
    const ended = wanted.follow ? untilEnded(runtime, place.id, clock, signal) : Promise.resolve();
    try {
      const source = { path: place.logPath, ended };
      for await (const text of readLogs(wanted, source, clock.date().getTime(), signal)) {
        await end.send(CHANNEL.stdout, text);
      }
      await end.send(CHANNEL.error, SUCCESS);
    } finally {
      stop.abort();
    }
  }

  private async exec(wanted: ExecWanted, end: StreamEnd): Promise<void> {
    const place = await this.find(wanted, false);
    if (!place.running) throw badRequest(`container ${wanted.container} is not running`);
    if (place.isFrozen)
      throw conflict(`container ${wanted.container} is frozen until its node is confirmed to have it`);
    await serveExec(this.options.runtime, place.id, wanted, end);
  }

  private async forward(wanted: Extract<StreamWanted, { kind: 'portforward' }>, end: StreamEnd): Promise<void> {
    const { namespace, pod: name, uid, port } = wanted;
    const sandboxId = await this.options.pods.sandboxId({ namespace, name, uid });
    if (sandboxId === undefined) throw notFound(`pod ${name} is not running on this node`);
    await serveForward(this.options.runtime, sandboxId, port, end);
  }

  private async usage(end: StreamEnd): Promise<void> {
    const usage = await this.options.usage.measure(end.signal);
    await end.send(CHANNEL.stdout, Buffer.from(JSON.stringify(usage)));
    await end.send(CHANNEL.error, SUCCESS);
  }

  private async find(wanted: LogsWanted | ExecWanted, previous: boolean): Promise<ContainerPlace> {
    const { namespace, pod: name, uid, container } = wanted;
    const place = await this.options.pods.container({ namespace, name, uid }, container, previous);
    if (place) return place;
    if (previous) throw badRequest(`previous terminated container "${container}" in pod "${name}" not found`);
    throw badRequest(`container "${container}" in pod "${name}" is waiting to start`);
  }
}
