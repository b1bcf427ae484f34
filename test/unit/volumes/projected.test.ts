import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TokenRequest } from '../../../api/types/authentication.v1.ts';
import type { ConfigMap, Pod, Secret, VolumeProjection } from '../../../api/types/core.v1.ts';
import { FakeClock } from '../../../lib/clock.ts';
import { MapView } from '../../../lib/view.ts';
import { downwardText } from '../../../node-agent/pods/downward.ts';
import { DiskVolumes } from '../../../node-agent/volumes/disk.ts';
import { PodTokens } from '../../../node-agent/volumes/tokens.ts';
import { persistentVolumes } from '../../support/persistent-volumes.ts';
import { container, pod } from '../pods/harness.ts';

const MINUTE = 60_000;

describe('projected volumes', () => {
  let root: string;
  let clock: FakeClock;
  let mounted: string[];
  let asked: TokenRequest[];
  let refusal: Error | undefined;
  let configMaps: MapView<ConfigMap>;
  let secrets: MapView<Secret>;
  let volumes: DiskVolumes;

  beforeEach(() => {
    root = mkdtempSync(path.join(tmpdir(), 'dure-projected-'));
    clock = new FakeClock();
    mounted = [];
    asked = [];
    refusal = undefined;
    configMaps = new MapView();
    secrets = new MapView();
    volumes = makeVolumes();
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  function makeVolumes(): DiskVolumes {
    return new DiskVolumes({
      persistent: persistentVolumes(root),
      root,
      memory: path.join(root, 'memory'),
      configMaps,
      secrets,
      mounter: {
        mountTmpfs: (directory) => Promise.resolve(void mounted.push(directory)),
        unmount: () => Promise.resolve(),
        mountsBelow: () => Promise.resolve([]),
      },
      tokens: new PodTokens({ source: { issue: (_namespace, _account, request) => issue(request) }, clock }),
      describe: (about, file) =>
        downwardText(about, file, { nodeName: 'n', nodeCapacity: { milliCpu: 4000, memoryBytes: 1 << 30 } }),
    });
  }

  /** Tokens of the form of real ones: what counts here is when they end. */
  function issue(request: TokenRequest): Promise<TokenRequest> {
    if (refusal) return Promise.reject(refusal);
    asked.push(request);
    const end = clock.date().getTime() + (request.spec.expirationSeconds ?? 0) * 1000;
    const claims = Buffer.from(JSON.stringify({ exp: end / 1000, jti: asked.length })).toString('base64url');
    const status = { token: `h.${claims}.s`, expirationTimestamp: new Date(end).toISOString() };
    return Promise.resolve({ ...request, status });
  }

  function withSources(...sources: VolumeProjection[]): Pod {
    return pod({ volumes: [{ name: 'v', projected: { sources, defaultMode: 0o644 } }], serviceAccountName: 'robot' });
  }
  const TOKEN = { serviceAccountToken: { path: 'token', expirationSeconds: 3600 } };
  /** Where secrets are, or else on the disk. */
  const file = (name: string): string => {
    const inMemory = path.join(root, 'memory', 'uid-web', 'projected', 'v', name);
    return existsSync(inMemory) ? inMemory : path.join(root, 'uid-web', 'volumes', 'projected', 'v', name);
  };
  const read = (name: string): string => readFileSync(file(name), 'utf8');

  it('hold what their sources do, a later one before an earlier one', async () => {
    configMaps.set('default/c', { metadata: {}, data: { a: '1', b: '2' } });
    secrets.set('default/s', { metadata: {}, data: { b: Buffer.from('secret').toString('base64') } });
    await volumes.mount(withSources({ configMap: { name: 'c' } }, { secret: { name: 's' } }));
    assert.deepEqual([read('a'), read('b')], ['1', 'secret']);
    assert.deepEqual(mounted, [path.join(root, 'memory')]);
    assert.ok(file('b').startsWith(path.join(root, 'memory')), 'secrets never lie on the disk');
  });

  it('wait for a source, unless it is optional', async () => {
    await assert.rejects(volumes.mount(withSources({ configMap: { name: 'c' } })), /configmap "c" not found/);
    await volumes.mount(withSources({ secret: { name: 's', optional: true } }));
  });

  it('tell the pod of itself', async () => {
    const item = (name: string, fieldPath: string): object => ({ path: name, fieldRef: { fieldPath } });
    const resource = { containerName: 'app', resource: 'limits.cpu', divisor: '1m' };
    const items = [
      item('n', 'metadata.name'),
      item('l', 'metadata.labels'),
      { path: 'cpu', resourceFieldRef: resource },
    ];
    const about = withSources({ downwardAPI: { items: items as never } });
    about.metadata.labels = { tier: 'x', app: 'y' };
    about.spec.containers = [container({ name: 'app', resources: { limits: { cpu: '500m' } } })];
    await volumes.mount(about);
    assert.deepEqual([read('n'), read('l'), read('cpu')], ['web', 'app="y"\ntier="x"', '500']);
  });

  it('get a token that is bound to the pod, and keep it until most of its life is over', async () => {
    const renewAt = await volumes.mount(withSources(TOKEN));
    assert.equal(renewAt, clock.date().getTime() + 48 * MINUTE);
    assert.deepEqual(asked[0]?.spec, {
      audiences: [],
      expirationSeconds: 3600,
      boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'web', uid: 'uid-web' },
    });
    const first = read('token');
    clock.advance(47 * MINUTE);
    await volumes.refresh(withSources(TOKEN));
    assert.equal(read('token'), first);
    clock.advance(MINUTE);
    const next = await volumes.refresh(withSources(TOKEN));
    assert.notEqual(read('token'), first);
    assert.equal(next, clock.date().getTime() + 48 * MINUTE);
  });

  it('go on with the old token while no server can be asked, and an agent after this one does too', async () => {
    await volumes.mount(withSources(TOKEN));
    const first = read('token');
    refusal = new Error('no server is connected');
    clock.advance(50 * MINUTE);
    for (const agent of [volumes, makeVolumes()]) {
      assert.equal(await agent.mount(withSources(TOKEN)), clock.date().getTime() + MINUTE / 2);
      assert.equal(read('token'), first);
    }
    clock.advance(11 * MINUTE);
    await assert.rejects(volumes.refresh(withSources(TOKEN)), /"v" : no server is connected/);
  });

  it('start no pod without its token', async () => {
    refusal = new Error('serviceaccount "robot" not found');
    await assert.rejects(volumes.mount(withSources(TOKEN)), /serviceaccount "robot" not found/);
  });

  it('show a token to the user of the pod alone, when there is one', async function () {
    await volumes.mount(withSources(TOKEN));
    assert.equal(statSync(file('token')).mode & 0o777, 0o644);
    if (process.getuid?.() !== 0) this.skip();
    const owned = withSources(TOKEN);
    owned.spec.securityContext = { runAsUser: 1000 };
    owned.metadata.uid = 'uid-owned';
    await volumes.mount(owned);
    const stat = statSync(path.join(root, 'memory', 'uid-owned', 'projected', 'v', 'token'));
    assert.deepEqual([stat.mode & 0o777, stat.uid], [0o600, 1000]);
  });
});
