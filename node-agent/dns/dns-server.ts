/** The cluster's DNS on this node: UDP and TCP on the cluster DNS address, which is bound here. */
import dgram from 'node:dgram';
import { createServer, type Server, type Socket } from 'node:net';
import type { Pod } from '../../api/types/core.v1.ts';
import type { Component } from '../../lib/component.ts';
import type { Log } from '../../lib/log.ts';
import { Counter, type Registry } from '../../lib/prometheus.ts';
import { blockTest } from '../network/address.ts';
import type { IpCommand } from '../network/port.ts';
import type { ClusterSettings, DesiredState } from '../state/port.ts';
import type { ClusterZone } from './cluster-zone.ts';
import type { Resolver } from './resolver.ts';
import {
  assemble,
  assembleError,
  emptyReply,
  isInternet,
  MAX_UDP_BYTES,
  parseQuery,
  PLAIN_UDP_BYTES,
  type Query,
  RCODE,
  type Reply,
} from './wire.ts';

const MAX_TCP_CONNECTIONS = 256;
const TCP_IDLE_MILLISECONDS = 10_000;
const MAX_TCP_PENDING = 64;
const SERVICE_LABEL = 'kubernetes.io/service-name';
const DEVICE = 'lo';

export interface DnsServerOptions {
  settings: ClusterSettings;
  desired: Pick<DesiredState, 'services' | 'endpointslices' | 'pods'>;
  zone: ClusterZone;
  resolver: Resolver;
  /** Binds the address to this node; undefined when it is there already. */
  ip: Pick<IpCommand, 'addAddress' | 'removeAddress'> | undefined;
  log: Log;
  registry: Registry;
  port?: number;
}

export class DnsServer implements Component {
  readonly name = 'cluster DNS';
  private readonly options: DnsServerOptions;
  private readonly podsByAddress = new Map<string, Pod>();
  private readonly responses = new Map<number, number>();
  private readonly connections = new Set<Socket>();
  private readonly endings: (() => void)[] = [];
  private udp: dgram.Socket | undefined;
  private tcp: Server | undefined;
  private requests = 0;
  private turn = 0;
  private readonly isPod: (address: string) => boolean;

  constructor(options: DnsServerOptions) {
    this.options = options;
    this.isPod = blockTest(options.settings.clusterCidr);
    this.registerMetrics();
  }

  async start(): Promise<void> {
    const { ip, settings, port = 53, log } = this.options;
    await ip?.addAddress(settings.clusterDns, DEVICE);
    try {
      this.follow();
      this.udp = await bindUdp(settings.clusterDns, port);
      this.tcp = await listenTcp(settings.clusterDns, this.udp.address().port, (socket) => this.serve(socket));
    } catch (error) {
      await this.stop();
      throw error;
    }
    const udp = this.udp;
    udp.on('message', (message, { address, port: from }) => {
      this.handle(message, address, false, (answer) => udp.send(answer, from, address, ignoreSendError));
    });
    udp.on('error', (err) => log.error({ err }, 'the DNS socket failed'));
  }

  async stop(): Promise<void> {
    for (const end of this.endings.splice(0)) end();
    const { udp, tcp } = this;
    this.udp = undefined;
    this.tcp = undefined;
    for (const socket of this.connections) socket.destroy();
    if (udp) await new Promise<void>((resolve) => udp.close(() => resolve()));
    if (tcp) await new Promise<void>((resolve) => tcp.close(() => resolve()));
    await this.options.ip?.removeAddress(this.options.settings.clusterDns, DEVICE);
  }

  /** The port in use, which differs from the one asked for when that was 0. */
  get port(): number {
    return this.udp?.address().port ?? 0;
  }

  private follow(): void {
    const { services, endpointslices, pods } = this.options.desired;
    for (const { metadata } of services.list()) this.refresh(`${metadata.namespace}/${metadata.name}`);
    for (const pod of pods.list()) this.learn(pod);
    this.endings.push(
      services.subscribe(({ key }) => this.refresh(key)),
      endpointslices.subscribe(({ object, previous }) => {
        for (const slice of [object, previous]) {
          const service = slice?.metadata.labels?.[SERVICE_LABEL];
          if (service) this.refresh(`${slice.metadata.namespace}/${service}`);
        }
      }),
      pods.subscribe(({ type, object, previous }) => {
        // The address may be another pod's by now.
        for (const { ip } of previous?.status?.podIPs ?? [])
          if (this.podsByAddress.get(ip) === previous) this.podsByAddress.delete(ip);
        if (type !== 'deleted') this.learn(object);
      }),
    );
  }

  private refresh(service: string): void {
    this.options.zone.refresh(service);
    this.options.resolver.invalidate(service);
  }

  private learn(pod: Pod): void {
    if (pod.spec?.hostNetwork || (pod.spec?.dnsPolicy ?? 'ClusterFirst') !== 'ClusterFirst') return;
    for (const { ip } of pod.status?.podIPs ?? []) this.podsByAddress.set(ip, pod);
  }

  private handle(message: Buffer, client: string, stream: boolean, send: (answer: Buffer) => void): void {
    this.requests++;
    // Answering strangers would make this node a tool for flooding others.
    if (!this.isAllowed(client)) return;
    const parsed = parseQuery(message);
    if ('ignore' in parsed) return;
    if ('error' in parsed) return send(assembleError(parsed.id, parsed.error));
    const { query } = parsed;
    const finish = (reply: Reply): void => {
      this.responses.set(reply.rcode, (this.responses.get(reply.rcode) ?? 0) + 1);
      send(assemble(message, query, reply, stream ? 0xffff : udpLimit(query), this.turn++));
    };
    if (!isInternet(query)) return finish(emptyReply(RCODE.REFUSED));
    const { name, type } = query;
    const reply = this.options.resolver.resolve({ name, type, pod: this.podsByAddress.get(client) });
    if (reply instanceof Promise) void reply.then((late) => (stream || this.udp) && finish(late));
    else finish(reply);
  }

  private isAllowed(client: string): boolean {
    return client === this.options.settings.clusterDns || client.startsWith('127.') || this.isPod(client);
  }

  private serve(socket: Socket): void {
    if (this.connections.size >= MAX_TCP_CONNECTIONS) {
      socket.destroy();
      return;
    }
    this.connections.add(socket);
    const client = (socket.remoteAddress ?? '').replace(/^::ffff:/, '');
    let heard = Buffer.alloc(0);
    let pending = 0;
    socket.setTimeout(TCP_IDLE_MILLISECONDS, () => socket.destroy());
    socket.on('error', () => socket.destroy()); // The client went away: nothing to tell anybody.
    socket.on('close', () => this.connections.delete(socket));
    socket.on('data', (data: Buffer) => {
      heard = Buffer.concat([heard, data]);
      while (heard.length >= 2 && heard.length >= 2 + heard.readUInt16BE(0)) {
        const end = 2 + heard.readUInt16BE(0);
        if (++pending > MAX_TCP_PENDING) return void socket.destroy();
        this.handle(heard.subarray(2, end), client, true, (answer) => {
          pending--;
          const length = Buffer.allocUnsafe(2);
          length.writeUInt16BE(answer.length);
          if (!socket.destroyed) socket.write(Buffer.concat([length, answer]));
        });
        heard = heard.subarray(end);
      }
    });
  }

  private registerMetrics(): void {
    const { registry, resolver } = this.options;
    const registers = [registry];
    const total = (name: string, help: string, labelNames: string[], read: (counter: Counter) => void): void => {
      void new Counter({
        name,
        help,
        labelNames,
        registers,
        collect() {
          this.reset();
          read(this);
        },
      });
    };
    total('coredns_dns_requests_total', 'Questions received', [], (counter) => counter.inc(this.requests));
    total('coredns_dns_responses_total', 'Answers sent, by their code', ['rcode'], (counter) => {
      for (const [rcode, count] of this.responses) counter.inc({ rcode: rcodeName(rcode) }, count);
    });
    total('coredns_cache_hits_total', 'Answers that were ready', ['type'], (counter) => {
      counter.inc({ type: 'cluster' }, resolver.counts.zoneHits);
      counter.inc({ type: 'forward' }, resolver.counts.forwardHits);
    });
    total('coredns_cache_misses_total', 'Answers that had to be found', ['type'], (counter) => {
      counter.inc({ type: 'cluster' }, resolver.counts.zoneMisses);
      counter.inc({ type: 'forward' }, resolver.counts.forwardMisses);
    });
  }
}

function udpLimit({ ednsBytes }: Query): number {
  return Math.min(ednsBytes ?? PLAIN_UDP_BYTES, MAX_UDP_BYTES);
}

function rcodeName(rcode: number): string {
  return Object.entries(RCODE).find(([, number]) => number === rcode)?.[0] ?? String(rcode);
}

/** A client that is gone by now needs no answer. */
function ignoreSendError(): void {}

function bindUdp(address: string, port: number): Promise<dgram.Socket> {
  return new Promise((resolve, reject) => {
    const socket = dgram.createSocket({ type: 'udp4', reusePort: true, recvBufferSize: 4 << 20 });
    socket.once('error', reject);
    socket.bind(port, address, () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}

function listenTcp(address: string, port: number, serve: (socket: Socket) => void): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer(serve);
    server.once('error', reject);
    server.listen({ host: address, port, reusePort: true }, () => {
      server.off('error', reject);
      resolve(server);
    });
  });
}
