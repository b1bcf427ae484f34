/** Endpoint change to kernel rule: 1,000 services of 10 endpoints, one endpoint replaced at a time. One JSON line. */
import { Registry } from 'prom-client';
import { systemClock } from '../../lib/clock.ts';
import { createLog } from '../../lib/log.ts';
import { ConntrackProcess } from '../../node-agent/proxy/conntrack.ts';
import { TABLE } from '../../node-agent/proxy/layout.ts';
import { NftProcess } from '../../node-agent/proxy/nft.ts';
import { ServiceProxy } from '../../node-agent/proxy/service-proxy.ts';
import { endpointOf, FakeCluster, SETTINGS } from '../support/fake-cluster.ts';
import { onHost, TestNetwork } from '../support/network-hosts.ts';

const SERVICES = 1000;
const ENDPOINTS = 10;
const CHANGES = 1000;
const LIMIT_MILLISECONDS = 50;

const network = new TestNetwork();
const cluster = new FakeCluster();
const log = createLog('error');
const round = (milliseconds: number): number => Math.round(milliseconds * 100) / 100;

function fill(service: number, generation: number): void {
  const endpoints = Array.from({ length: ENDPOINTS }, (_, i) => {
    const host = i === 0 ? (generation % 200) + 20 : i + 1;
    return endpointOf(`10.${128 + (service >> 8)}.${service & 255}.${host}`);
  });
  cluster.endpoints(`bench/s${service}`, [{ port: 8080, protocol: 'TCP' }], endpoints);
}

try {
  const host = await network.namespace('bench');
  for (let service = 0; service < SERVICES; service++) {
    cluster.service(`bench/s${service}`, {
      clusterIP: `10.97.${service >> 8}.${service & 255}`,
      ports: [{ port: 80, protocol: 'TCP' }],
    });
    fill(service, 0);
  }
  cluster.markSynced();
  const prefix = onHost(host);
  const nft = new NftProcess({ table: TABLE, log, prefix });
  const proxy = new ServiceProxy({
    nodeName: 'bench',
    settings: SETTINGS,
    desired: cluster,
    nft,
    conntrack: new ConntrackProcess({ prefix }),
    clock: systemClock,
    log,
    registry: new Registry(),
    bridge: 'cni0',
    tunnel: 'dure-vxlan',
  });
  const begun = performance.now();
  await proxy.start();
  await proxy.whenSettled();
  const load = performance.now() - begun;

  const samples: number[] = [];
  for (let change = 1; change <= CHANGES; change++) {
    const start = performance.now();
    fill((change * 7) % SERVICES, change);
    await proxy.whenSettled();
    samples.push(performance.now() - start);
  }
  const table = await nft.read();
  await proxy.stop();
  await nft.stop();
  samples.sort((one, other) => one - other);
  const at = (share: number): number => round(samples[Math.min(CHANGES - 1, Math.floor(share * CHANGES))] ?? 0);
  console.log(
    JSON.stringify({
      bench: 'proxy',
      ratio: round(at(0.99) / LIMIT_MILLISECONDS),
      limitMilliseconds: LIMIT_MILLISECONDS,
      services: SERVICES,
      endpoints: ENDPOINTS,
      changes: CHANGES,
      milliseconds: { p50: at(0.5), p90: at(0.9), p99: at(0.99), most: at(1) },
      initialLoadMilliseconds: round(load),
      elements: [...(table?.elements.values() ?? [])].reduce((sum, { size }) => sum + size, 0),
      chains: table?.chains.size,
    }),
  );
} finally {
  await network.close();
}
