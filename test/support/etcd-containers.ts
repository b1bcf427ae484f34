/** An etcd cluster that others run: three members in containers on one Docker network, each to be paused, cut off or killed. */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  GenericContainer,
  getContainerRuntimeClient,
  StartedNetwork,
  Wait,
  type StartedTestContainer,
} from 'testcontainers';
import { run } from '../../lib/process.ts';
import type { Docker } from './docker.ts';
import { eventually } from './eventually.ts';

const CLIENT_PORT = 2379;
const NAMES = ['etcd-1', 'etcd-2', 'etcd-3'];
type Dockerode = Awaited<ReturnType<typeof getContainerRuntimeClient>>['container']['dockerode'];

export class ContainedMember {
  readonly name: string;
  readonly address: string;
  private readonly container: StartedTestContainer;
  private readonly docker: Dockerode;
  private readonly network: string;

  constructor(name: string, container: StartedTestContainer, docker: Dockerode, network: string) {
    this.name = name;
    this.container = container;
    this.docker = docker;
    this.network = network;
    this.address = container.getIpAddress(network);
  }

  get url(): string {
    return `http://${this.address}:${CLIENT_PORT}`;
  }

  pause(): Promise<unknown> {
    return this.handle.pause();
  }

  unpause(): Promise<unknown> {
    return this.handle.unpause();
  }

  /** As if its cable was pulled. */
  disconnect(): Promise<unknown> {
    return this.docker.getNetwork(this.network).disconnect({ Container: this.container.getId(), Force: true });
  }

  /** At the address it had. */
  reconnect(): Promise<unknown> {
    const endpoint = { Aliases: [this.name], IPAMConfig: { IPv4Address: this.address } };
    return this.docker
      .getNetwork(this.network)
      .connect({ Container: this.container.getId(), EndpointConfig: endpoint });
  }

  kill(): Promise<unknown> {
    return this.handle.kill();
  }

  /** At the address it had: of several that start at once, one could be given another's. */
  async startAgain(): Promise<void> {
    await this.disconnect();
    await this.reconnect();
    await this.handle.start();
  }

  /** Whether it says of itself that it leads; undefined when it does not answer. */
  async leads(): Promise<boolean | undefined> {
    try {
      const signal = AbortSignal.timeout(1_000);
      const response = await fetch(`${this.url}/v3/maintenance/status`, { method: 'POST', body: '{}', signal });
      const { header, leader } = (await response.json()) as { header: { member_id: string }; leader?: string };
      return leader === header.member_id;
    } catch {
      // Paused, cut off or killed, which is what the test is about.
      return undefined;
    }
  }

  private get handle(): ReturnType<Dockerode['getContainer']> {
    return this.docker.getContainer(this.container.getId());
  }
}

export class EtcdContainers {
  readonly members: readonly ContainedMember[];

  private constructor(members: readonly ContainedMember[]) {
    this.members = members;
  }

  static async start({ subnet }: Docker): Promise<EtcdContainers> {
    const client = await getContainerRuntimeClient();
    const created = await client.network.create({
      Name: 'etcd',
      Driver: 'bridge',
      IPAM: { Config: [{ Subnet: subnet }] },
    });
    const network = new StartedNetwork(client, 'etcd', created);
    const image = await buildImage();
    const started = NAMES.map(async (name) => {
      const container = await new GenericContainer(image)
        .withNetwork(network)
        .withNetworkAliases(name)
        .withEnvironment({ GODEBUG: 'netdns=go' })
        .withCommand(commandOf(name))
        .withWaitStrategy(Wait.forLogMessage(/ready to serve client requests/))
        .start();
      return new ContainedMember(name, container, client.container.dockerode, 'etcd');
    });
    return new EtcdContainers(await Promise.all(started));
  }

  get urls(): string[] {
    return this.members.map(({ url }) => url);
  }

  leader(): Promise<ContainedMember> {
    return eventually('a member leads', async () => {
      const answers = await Promise.all(this.members.map((member) => member.leads()));
      return this.members.find((_, at) => answers[at] === true);
    });
  }

  /** All of them answer, and one leads. */
  async untilWhole(): Promise<void> {
    await eventually('all members answer', async () => {
      const answers = await Promise.all(this.members.map((member) => member.leads()));
      return answers.includes(undefined) || !answers.includes(true) ? undefined : true;
    });
  }
}

function commandOf(name: string): string[] {
  return [
    `--name=${name}`,
    '--data-dir=/data',
    `--listen-client-urls=http://0.0.0.0:${CLIENT_PORT}`,
    `--advertise-client-urls=http://${name}:${CLIENT_PORT}`,
    '--listen-peer-urls=http://0.0.0.0:2380',
    `--initial-advertise-peer-urls=http://${name}:2380`,
    `--initial-cluster=${NAMES.map((each) => `${each}=http://${each}:2380`).join(',')}`,
  ];
}

/** Of nothing but Debian's etcd and the libraries that it names. */
async function buildImage(): Promise<string> {
  const context = mkdtempSync(path.join(tmpdir(), 'dure-etcd-image-'));
  try {
    const program = '/usr/bin/etcd';
    const libraries = (await run('ldd', [program])).match(/\/\S+/g) ?? [];
    for (const file of [program, ...libraries]) {
      const copy = path.join(context, 'root', file);
      mkdirSync(path.dirname(copy), { recursive: true });
      copyFileSync(file, copy);
    }
    writeFileSync(path.join(context, 'Dockerfile'), `FROM scratch\nCOPY root /\nENTRYPOINT ["${program}"]\n`);
    const name = 'localhost/etcd:test';
    await GenericContainer.fromDockerfile(context).build(name, { deleteOnExit: false });
    return name;
  } finally {
    rmSync(context, { recursive: true, force: true });
  }
}
