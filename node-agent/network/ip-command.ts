/** The kernel's routes and links through the `ip` and `bridge` programs. */
import { execFile } from 'node:child_process';
import type { IpCommand } from './port.ts';
import type { Route, RouteState, RouteStep, Tunnel, Uplink } from './routes.ts';

/** Marks our routes. Numbers above 4 are for routing programs to choose; /etc/iproute2/rt_protos lists others'. */
export const ROUTE_PROTOCOL = 68;
const VXLAN_ID = 68;
const VXLAN_PORT = 4789;

export interface IpProcessOptions {
  tunnelDevice: string;
  /** Put before the programs, as in `['nsenter', '--net=…']`. */
  prefix?: readonly string[];
}

interface LinkJson {
  ifname: string;
  mtu: number;
  address?: string;
  addr_info?: { family: string; local: string; prefixlen: number }[];
  linkinfo?: { info_data?: { local?: string } };
}

export class IpProcess implements IpCommand {
  private readonly tunnelDevice: string;
  private readonly prefix: readonly string[];

  constructor(options: IpProcessOptions) {
    this.tunnelDevice = options.tunnelDevice;
    this.prefix = options.prefix ?? [];
  }

  async uplink(address: string): Promise<Uplink | undefined> {
    for (const { ifname, mtu, addr_info: held } of await this.json<LinkJson>('ip', ['-j', '-4', 'addr', 'show'])) {
      const own = held?.find(({ local }) => local === address);
      if (own) return { device: ifname, address, cidr: `${address}/${own.prefixlen}`, mtu };
    }
    return undefined;
  }

  async observe(): Promise<RouteState> {
    const tunnel = await this.observeTunnel();
    return {
      tunnel,
      routes: await this.observeRoutes(),
      neighbours: tunnel ? await this.observeNeighbours() : new Map(),
      forwarding: tunnel ? await this.observeForwarding() : new Map(),
    };
  }

  async execute(steps: readonly RouteStep[]): Promise<void> {
    let batch: { program: 'ip' | 'bridge'; lines: string[] } | undefined;
    for (const step of steps) {
      const { program, lines } = renderRouteStep(step, this.tunnelDevice);
      if (batch && batch.program !== program) {
        await this.run(batch.program, ['-batch', '-'], batch.lines.join('\n'));
        batch = undefined;
      }
      batch ??= { program, lines: [] };
      batch.lines.push(...lines);
    }
    if (batch) await this.run(batch.program, ['-batch', '-'], batch.lines.join('\n'));
  }

  async addAddress(address: string, device: string): Promise<void> {
    await this.run('ip', ['addr', 'replace', `${address}/32`, 'dev', device]);
  }

  async removeAddress(address: string, device: string): Promise<void> {
    const links = await this.json<LinkJson>('ip', ['-j', '-4', 'addr', 'show', 'dev', device]);
    const held = links.some(({ addr_info: info }) => info?.some(({ local }) => local === address));
    if (held) await this.run('ip', ['addr', 'del', `${address}/32`, 'dev', device]);
  }

  private async observeTunnel(): Promise<Tunnel | undefined> {
    const links = await this.json<LinkJson>('ip', ['-j', '-d', 'addr', 'show']);
    const link = links.find(({ ifname }) => ifname === this.tunnelDevice);
    if (!link) return undefined;
    return {
      local: link.linkinfo?.info_data?.local ?? '',
      hardware: link.address ?? '',
      address: link.addr_info?.find(({ family }) => family === 'inet')?.local ?? '',
      mtu: link.mtu,
    };
  }

  private async observeRoutes(): Promise<Map<string, Route>> {
    type RouteJson = { dst: string; dev: string; gateway?: string; prefsrc?: string };
    const protocol = String(ROUTE_PROTOCOL);
    const routes = await this.json<RouteJson>('ip', ['-j', '-4', 'route', 'show', 'proto', protocol]);
    return new Map(
      routes.map(({ dst, dev, gateway, prefsrc }) => [
        dst.includes('/') ? dst : `${dst}/32`,
        { device: dev, ...(gateway && { via: gateway }), ...(prefsrc && { source: prefsrc }) },
      ]),
    );
  }

  private async observeNeighbours(): Promise<Map<string, string>> {
    type NeighbourJson = { dst: string; lladdr?: string };
    const args = ['-j', '-4', 'neigh', 'show', 'dev', this.tunnelDevice, 'nud', 'permanent'];
    const neighbours = await this.json<NeighbourJson>('ip', args);
    return new Map(neighbours.map(({ dst, lladdr }) => [dst, lladdr ?? '']));
  }

  private async observeForwarding(): Promise<Map<string, string>> {
    type ForwardingJson = { mac: string; dst?: string };
    const entries = await this.json<ForwardingJson>('bridge', ['-j', 'fdb', 'show', 'dev', this.tunnelDevice]);
    return new Map(entries.flatMap(({ mac, dst }) => (dst ? [[mac, dst]] : [])));
  }

  private async json<T>(program: string, args: readonly string[]): Promise<T[]> {
    const out = await this.run(program, args);
    // Some versions print empty objects for what a filter left out, and nothing at all for an empty list.
    return out.trim() === '' ? [] : (JSON.parse(out) as T[]).filter((item) => Object.keys(item as object).length > 0);
  }

  private run(program: string, args: readonly string[], input = ''): Promise<string> {
    const [first = program, ...rest] = [...this.prefix, program, ...args];
    return new Promise((resolve, reject) => {
      const child = execFile(first, rest, { maxBuffer: 64 << 20, timeout: 30_000 }, (error, stdout, stderr) => {
        if (error) reject(new Error(`${program}: ${stderr.trim() || error.message}`, { cause: error }));
        else resolve(stdout);
      });
      child.stdin?.on('error', () => undefined); // It ended early: its exit says why.
      child.stdin?.end(input);
    });
  }
}

export function renderRouteStep(step: RouteStep, device: string): { program: 'ip' | 'bridge'; lines: string[] } {
  switch (step.step) {
    case 'add-tunnel': {
      const { local, hardware, address, mtu } = step.tunnel;
      const vxlan = `vxlan id ${VXLAN_ID} local ${local} dstport ${VXLAN_PORT} nolearning`;
      return ip(
        `link add ${device} mtu ${mtu} address ${hardware} type ${vxlan}`,
        `addr add ${address}/32 dev ${device}`,
        `link set ${device} up`,
      );
    }
    case 'remove-tunnel':
      return ip(`link del ${device}`);
    case 'set-route': {
      const { via, device: through, source } = step.route;
      const gateway = via ? ` via ${via}` : '';
      const onlink = via && through === device ? ' onlink' : '';
      const from = source ? ` src ${source}` : '';
      return ip(`route replace ${step.destination}${gateway} dev ${through}${onlink}${from} proto ${ROUTE_PROTOCOL}`);
    }
    case 'remove-route':
      return ip(`route del ${step.destination} proto ${ROUTE_PROTOCOL}`);
    case 'set-neighbour':
      return ip(`neigh replace ${step.address} lladdr ${step.hardware} dev ${device} nud permanent`);
    case 'remove-neighbour':
      return ip(`neigh del ${step.address} dev ${device}`);
    case 'set-forwarding':
      return { program: 'bridge', lines: [`fdb replace ${step.hardware} dev ${device} dst ${step.to} self permanent`] };
    case 'remove-forwarding':
      return { program: 'bridge', lines: [`fdb del ${step.hardware} dev ${device} dst ${step.to} self`] };
  }
}

function ip(...lines: string[]): { program: 'ip'; lines: string[] } {
  return { program: 'ip', lines };
}
