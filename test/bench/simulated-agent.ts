/** Agents as they are, but for what touches the machine: their containers exist in memory, they have no network and no files. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Clock } from '../../lib/clock.ts';
import type { Component } from '../../lib/component.ts';
import { AgentsClient } from '../../lib/link/proto.ts';
import type { Log } from '../../lib/log.ts';
import { EventLog } from '../../node-agent/link/events.ts';
import { Link } from '../../node-agent/link/link.ts';
import { Reports } from '../../node-agent/link/reports.ts';
import type { MachineFacts } from '../../node-agent/node/describe.ts';
import { NodeStatusKeeper } from '../../node-agent/node/status.ts';
import { noCgroups } from '../../node-agent/pods/cgroups.ts';
import { noFiles } from '../../node-agent/pods/files.ts';
import { PodManager } from '../../node-agent/pods/manager.ts';
import { MemoryRuntime } from '../../node-agent/runtime/memory.ts';
import { StateFile } from '../../node-agent/state/file.ts';
import { StateKeeper } from '../../node-agent/state/keeper.ts';
import type { ClusterSettings } from '../../node-agent/state/port.ts';
import { DesiredStateStore } from '../../node-agent/state/store.ts';
import { noVolumes } from '../../node-agent/volumes/port.ts';

export const SIMULATED_IMAGE = 'app:1';

export interface SimulatedAgentOptions {
  readonly name: string;
  readonly agentServers: readonly string[];
  readonly credentials: { ca: string; cert: string; key: string };
  readonly machine: MachineFacts;
  readonly directory: string;
  readonly clock: Clock;
  readonly log: Log;
}

export class SimulatedAgent implements Component {
  readonly name: string;
  private readonly link: Link;
  private readonly pods: PodManager;
  private readonly status: NodeStatusKeeper;

  constructor(options: SimulatedAgentOptions) {
    const { name, clock, log, directory, machine } = options;
    this.name = name;
    const store = new DesiredStateStore();
    const runtime = new MemoryRuntime({ clock });
    runtime.images.add(SIMULATED_IMAGE);
    const reports = new Reports({
      events: new EventLog({ component: 'bench', host: name, clock }),
      onNews: () => this.link.flush(),
    });
    let settings: ClusterSettings | undefined;
    this.pods = new PodManager({
      runtime,
      state: store,
      settings: () => {
        if (!settings) throw new Error('no server has said welcome yet');
        return settings;
      },
      reporter: reports,
      volumes: noVolumes,
      files: noFiles,
      cgroups: noCgroups,
      clock,
      log,
      nodeName: name,
      nodeAddresses: () => ['127.0.0.1'],
      logRoot: '/',
    });
    this.status = new NodeStatusKeeper({
      facts: {
        name,
        address: '127.0.0.1',
        labels: {},
        version: 'v1.35.0',
        runtimeVersion: 'memory://1',
        maxPods: 110,
        machine,
      },
      dataDirectory: directory,
      problems: () => Promise.resolve([]),
      report: (status) => reports.setNodeStatus(status),
      clock,
    });
    this.link = new Link({
      servers: () => options.agentServers,
      onServers: () => undefined,
      clientOf: (server) => new AgentsClient(server, options.credentials),
      nodeName: name,
      version: 'v1.35.0',
      instance: randomUUID(),
      describeNode: () => this.status.describe(),
      store,
      // Never started: it knows the settings, and writes nothing.
      keeper: new StateKeeper({ store, file: new StateFile(join(directory, name)), clock, log }),
      reports,
      onStream: () => undefined,
      onSettings: (known) => (settings = known),
      onWelcome: () => undefined,
      onProof: () => undefined,
      uptime: () => clock.now(),
      onConnected: () => this.pods.reportAll(),
      random: Math.random,
      clock,
      log,
    });
  }

  async start(): Promise<void> {
    await this.status.start();
    await this.link.start();
    await this.pods.start();
  }

  async stop(): Promise<void> {
    await this.link.stop();
    await this.pods.stop();
    await this.status.stop();
  }
}
