/** What every {@link Nft} does; run on the fake and on the kernel. */
import assert from 'node:assert/strict';
import { layoutOf } from '../../node-agent/proxy/layout.ts';
import { type Nft, NftError, type NftStep } from '../../node-agent/proxy/port.ts';

const LAYOUT = layoutOf({
  clusterCidr: '10.244.0.0/16',
  bridge: 'cni0',
  tunnel: 'dure-vxlan',
});

const add = (set: string, key: string, value?: string): NftStep => ({
  step: 'add-element',
  set,
  key,
  ...(value && { value }),
});
const remove = (set: string, key: string): NftStep => ({ step: 'remove-element', set, key });

export function nftContract(create: () => Promise<Nft>): void {
  let nft: Nft;
  beforeEach(async () => {
    nft = await create();
    await nft.commit([{ step: 'remove-table' }, { step: 'add-table' }, ...LAYOUT.steps]);
  });
  afterEach(async () => {
    await nft.commit([{ step: 'remove-table' }]);
    await nft.stop();
  });

  it('reads nothing where there is no table, and removes what is not there', async () => {
    await nft.commit([{ step: 'remove-table' }]);
    assert.equal(await nft.read(), undefined);
    await nft.commit([{ step: 'remove-table' }]);
  });

  it('reads the chains and elements that were committed', async () => {
    await nft.commit([
      { step: 'add-chain', chain: 'services_1' },
      add('services', '10.96.0.7 . tcp . 80', 'goto services_1'),
      add('services', '10.96.0.8 . udp . 53', 'drop'),
      add('services_tcp_slots', '10.96.0.7 . tcp . 80 . 0', '10.244.0.2 . 8080'),
      add('nodeports_sctp_slots', 'sctp . 30007 . 12', '10.244.0.2 . 8080'),
      add('services_udp_places', '10.96.0.7 . udp . 80 . 8195', '10.244.0.2 . 8080'),
      add('nodeports_draws', 'tcp . 30007 . 1', '24577'),
      add('hairpins', '10.244.0.2 . 10.244.0.2'),
    ]);
    const table = await nft.read();
    assert.ok(table);
    assert.ok(table.chains.has(LAYOUT.marker) && table.chains.has('services_1'));
    assert.deepEqual(Object.fromEntries(table.elements.get('services') ?? []), {
      '10.96.0.7 . tcp . 80': 'goto services_1',
      '10.96.0.8 . udp . 53': 'drop',
    });
    assert.deepEqual(
      [...(table.elements.get('services_tcp_slots') ?? [])],
      [['10.96.0.7 . tcp . 80 . 0', '10.244.0.2 . 8080']],
    );
    assert.deepEqual(
      [...(table.elements.get('nodeports_sctp_slots') ?? [])],
      [['sctp . 30007 . 12', '10.244.0.2 . 8080']],
    );
    assert.deepEqual(
      [...(table.elements.get('services_udp_places') ?? [])],
      [['10.96.0.7 . udp . 80 . 8195', '10.244.0.2 . 8080']],
    );
    assert.deepEqual([...(table.elements.get('nodeports_draws') ?? [])], [['tcp . 30007 . 1', '24577']]);
    assert.deepEqual([...(table.elements.get('hairpins') ?? [])], [['10.244.0.2 . 10.244.0.2', '']]);
  });

  it('does not read what rules fill themselves', async () => {
    await nft.commit([add('services_affinity', '10.0.0.1 . 10.96.0.7 . tcp . 80', '8192')]);
    const sets = (await nft.read())?.elements;
    assert.ok(sets?.has('services_draws') && !sets.has('services_affinity'));
  });

  it('replaces a block by one that holds it within one transaction', async () => {
    await nft.commit([add('service_blocks', '10.96.0.0/16'), add('service_blocks', '10.112.0.1')]);
    await nft.commit([remove('service_blocks', '10.96.0.0/16'), add('service_blocks', '10.96.0.0/12')]);
    const blocks = (await nft.read())?.elements.get('service_blocks')?.keys() ?? [];
    assert.deepEqual([...blocks].toSorted(), ['10.112.0.1', '10.96.0.0/12']);
  });

  it('replaces a value within one transaction', async () => {
    await nft.commit([add('services_tcp_slots', '10.96.0.7 . tcp . 80 . 0', '10.244.0.2 . 8080')]);
    await nft.commit([
      remove('services_tcp_slots', '10.96.0.7 . tcp . 80 . 0'),
      add('services_tcp_slots', '10.96.0.7 . tcp . 80 . 0', '10.244.0.3 . 8080'),
    ]);
    assert.deepEqual(
      [...((await nft.read())?.elements.get('services_tcp_slots')?.values() ?? [])],
      ['10.244.0.3 . 8080'],
    );
  });

  it('carries out all of a transaction or nothing', async () => {
    await assert.rejects(
      nft.commit([add('refused', '10.96.0.7 . tcp . 80'), remove('refused', '10.96.0.9 . tcp . 1')]),
      NftError,
    );
    assert.equal((await nft.read())?.elements.get('refused')?.size, 0);
    await nft.commit([add('refused', '10.96.0.7 . tcp . 80')]);
    assert.equal((await nft.read())?.elements.get('refused')?.size, 1);
  });

  it('refuses a verdict to a chain that does not exist, another value for a key, an unknown map', async () => {
    await assert.rejects(nft.commit([add('services', '10.96.0.7 . tcp . 80', 'goto services_9')]), NftError);
    await nft.commit([
      add('services', '10.96.0.7 . tcp . 80', 'drop'),
      add('services', '10.96.0.7 . tcp . 80', 'drop'),
    ]);
    await assert.rejects(
      nft.commit([{ step: 'add-chain', chain: 'x' }, add('services', '10.96.0.7 . tcp . 80', 'goto x')]),
      NftError,
    );
    await assert.rejects(nft.commit([add('nonsense', '10.96.0.7 . tcp . 80')]), NftError);
  });

  it('removes a chain together with the last verdict that names it, not before', async () => {
    await nft.commit([
      { step: 'add-chain', chain: 'services_1' },
      add('services', '10.96.0.7 . tcp . 80', 'goto services_1'),
    ]);
    await assert.rejects(nft.commit([{ step: 'remove-chain', chain: 'services_1' }]), NftError);
    await nft.commit([remove('services', '10.96.0.7 . tcp . 80'), { step: 'remove-chain', chain: 'services_1' }]);
    assert.ok(!(await nft.read())?.chains.has('services_1'));
  });

  it('takes thousands of elements in one transaction', async () => {
    const keys = Array.from({ length: 5000 }, (_, i) => `10.96.${i >> 8}.${i & 255} . tcp . 80`);
    await nft.commit(keys.map((key) => add('refused', key)));
    assert.equal((await nft.read())?.elements.get('refused')?.size, 5000);
    await nft.commit(keys.map((key) => remove('refused', key)));
    assert.equal((await nft.read())?.elements.get('refused')?.size, 0);
  });

  it('keeps the order of overlapping calls', async () => {
    const key = '10.96.0.7 . tcp . 80';
    await Promise.all(
      Array.from({ length: 20 }, (_, i) => nft.commit([i % 2 ? remove('refused', key) : add('refused', key)])),
    );
    assert.equal((await nft.read())?.elements.get('refused')?.size, 0);
  });
}
