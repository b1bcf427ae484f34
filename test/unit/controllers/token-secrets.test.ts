import assert from 'node:assert/strict';
import { kinds } from '../../../api/kinds.ts';
import type { Secret } from '../../../api/types/core.v1.ts';
import { TokenSecretController } from '../../../control-plane/controllers/token-secrets/token-secrets.ts';
import type { Runner } from '../../../control-plane/controllers/runner.ts';
import { settle, World } from './world.ts';

describe('secrets for tokens', () => {
  let world: World;
  let runner: Runner;
  beforeEach(async () => {
    world = new World();
    runner = world.runner(new TokenSecretController({ registry: world, certificate: 'PEM' }));
    await runner.start();
  });
  afterEach(() => runner.stop());

  async function add(): Promise<void> {
    await world.of(kinds.serviceaccounts).create({ metadata: { name: 'robot', namespace: 'default' } } as never);
    const annotations = { 'kubernetes.io/service-account.name': 'robot' };
    const secret = {
      metadata: { name: 's', namespace: 'default', annotations },
      type: 'kubernetes.io/service-account-token',
    };
    await world.of(kinds.secrets).create(secret as never);
    await settle();
  }
  const secret = (): Secret | undefined => world.all(kinds.secrets)[0];
  const text = (key: string): string => Buffer.from(secret()?.data?.[key] ?? '', 'base64').toString();

  it('are filled', async () => {
    await add();
    assert.deepEqual([text('token'), text('namespace'), text('ca.crt')], ['robot s', 'default', 'PEM']);
    const [account] = world.all(kinds.serviceaccounts);
    assert.equal(secret()?.metadata.annotations?.['kubernetes.io/service-account.uid'], account?.metadata.uid);
  });

  it('are left alone once they are full, and when they are of another type', async () => {
    await add();
    const before = secret()?.metadata.resourceVersion;
    await world
      .of(kinds.secrets)
      .create({ metadata: { name: 'other', namespace: 'default' }, type: 'Opaque' } as never);
    await settle();
    assert.equal(secret()?.metadata.resourceVersion, before);
    assert.equal(world.all(kinds.secrets)[1]?.data, undefined);
  });

  it('go with their account', async () => {
    await add();
    await world.of(kinds.serviceaccounts).delete('default', 'robot');
    await settle();
    assert.equal(secret(), undefined);
  });
});
