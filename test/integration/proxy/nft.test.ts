import assert from 'node:assert/strict';
import { silentLog } from '../../../lib/log.ts';
import { TABLE } from '../../../node-agent/proxy/layout.ts';
import { NftProcess } from '../../../node-agent/proxy/nft.ts';
import { NftError } from '../../../node-agent/proxy/port.ts';
import { nftContract } from '../../contract/nft.ts';
import { onHost, sh, TestNetwork } from '../../support/network-hosts.ts';

describe('nft in the kernel', () => {
  const network = new TestNetwork();
  let host: string;
  before(async () => void (host = await network.namespace('nft')));
  after(() => network.close());

  const create = (): NftProcess => new NftProcess({ table: TABLE, log: silentLog, prefix: onHost(host) });
  nftContract(() => Promise.resolve(create()));

  it('tells when somebody flushes the rules', async () => {
    const nft = create();
    await nft.commit([
      { step: 'add-table' },
      { step: 'add-chain', chain: 'c' },
      { step: 'add-rule', chain: 'c', rule: 'accept' },
    ]);
    const disturbed = new Promise<void>((resolve) => void nft.onDisturbed(resolve));
    // The monitor needs a moment to listen; flushing and refilling until it tells needs no guess.
    let told = false;
    void disturbed.then(() => (told = true));
    for (let attempt = 0; attempt < 200 && !told; attempt++) {
      await sh('ip', 'netns', 'exec', host, 'nft', 'flush table ip dure');
      await nft.commit([{ step: 'add-rule', chain: 'c', rule: 'accept' }]);
    }
    assert.ok(told);
    await nft.stop();
  });

  it("says in nft's words what was wrong, and goes on", async () => {
    const nft = create();
    await assert.rejects(nft.commit([{ step: 'add-chain', chain: 'no such%name' }]), (error: Error) => {
      assert.ok(error instanceof NftError);
      return /syntax error/.test(error.message);
    });
    await nft.commit([{ step: 'add-table' }]);
    await nft.stop();
  });
});
