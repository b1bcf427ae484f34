import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import type { Kind } from '../../../api/kinds.ts';
import type { KubeObject } from '../../../api/object.ts';
import { webhookClient } from '../../../control-plane/webhooks/client.ts';
import { systemClock } from '../../../lib/clock.ts';
import { MapView } from '../../../lib/view.ts';
import { pairedTunnels } from '../../support/paired-tunnels.ts';

describe('the client of webhooks', () => {
  it('goes to no URL on this machine or its own link, whatever it is written as', async () => {
    let connections = 0;
    const listener = createServer(() => (connections += 1));
    await once(listener.listen(0, '127.0.0.1'), 'listening');
    const { port } = listener.address() as AddressInfo;
    const client = webhookClient({
      tunnels: pairedTunnels(() => Promise.resolve()),
      viewOf: <T extends KubeObject>(_kind: Kind<T>) => new MapView<T>(),
      random: () => 0,
      clock: systemClock,
    });
    const hosts = [
      '127.0.0.1',
      '127.8.8.8',
      'localhost',
      '[::1]',
      '[::ffff:127.0.0.1]',
      '2130706433',
      '169.254.169.254',
    ];
    for (const host of hosts) {
      const config = { url: `https://${host}:${port}/hook` };
      await assert.rejects(client.call(config, {}, 5), /is not dialled|has no address that may be dialled/, host);
    }
    assert.equal(connections, 0);
    await client.stop();
    listener.close();
  });
});
