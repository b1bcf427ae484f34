/** What must hold of claims and volumes whatever happens, and however late the views are. */
import assert from 'node:assert/strict';

import fc from 'fast-check';

import { kinds } from '../../../api/kinds.ts';
import { BIND_COMPLETED, isKeptFor, volumesFor } from '../../../api/machinery/persistent-volumes.ts';
import type { KubeObject } from '../../../api/object.ts';
import type { PersistentVolumeClaim } from '../../../api/types/core.v1.ts';
import { VolumeStage, aClaim, aClass, aNode, aVolume } from './volume-stage.ts';
import { settle } from './world.ts';

const RUNS = 100;
const NAMES = 4;

const sizes = fc.constantFrom('1Gi', '2Gi', '3Gi');
const name = fc.nat(NAMES - 1).map(String);
const happening = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('claim' as const), name, size: sizes }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('named' as const), name, size: sizes }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('volume' as const), name, size: sizes }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('kept' as const), name, size: sizes }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('local' as const), name, size: sizes }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('drop claim' as const), name, size: sizes }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('drop volume' as const), name, size: sizes }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('deliver' as const), name, size: sizes }) },
);

type Happening = typeof happening extends fc.Arbitrary<infer T> ? T : never;

async function happen(stage: VolumeStage, { do: verb, name: of, size }: Happening): Promise<void> {
  const { world } = stage;
  // Of each name at most one at a time; what is there already, or gone already, stays so.
  const make = (object: KubeObject): Promise<unknown> => {
    const kind = object.kind === 'PersistentVolume' ? kinds.persistentvolumes : kinds.persistentvolumeclaims;
    return world
      .of(kind)
      .create(object)
      .catch(() => undefined);
  };
  const local = { storageClassName: 'local', size };
  if (verb === 'claim') await make(aClaim(`c${of}`, { size }));
  if (verb === 'named') await make(aClaim(`c${of}`, { size, volumeName: 'v0' }));
  if (verb === 'volume') await make(aVolume(`v${of}`, { size }));
  if (verb === 'kept') await make(aVolume(`v${of}`, { size, claimRef: { namespace: 'default', name: 'c0' } }));
  if (verb === 'local') await make(aClaim(`c${of}`, local, { 'volume.kubernetes.io/selected-node': 'n1' }));
  if (verb === 'drop claim')
    await world
      .of(kinds.persistentvolumeclaims)
      .delete('default', `c${of}`)
      .catch(() => 0);
  if (verb === 'drop volume')
    await world
      .of(kinds.persistentvolumes)
      .delete('', `v${of}`)
      .catch(() => 0);
  if (verb === 'deliver') world.deliverSome(1 + Number(of), Number(of) + size.length);
  await settle();
}

function boundClaims(stage: VolumeStage): PersistentVolumeClaim[] {
  return stage.world
    .all(kinds.persistentvolumeclaims)
    .filter(({ metadata }) => metadata.annotations?.[BIND_COMPLETED] !== undefined);
}

/** What is wrong just now; `keepers` remembers by volume whose it is. */
function faults(stage: VolumeStage, keepers: Map<string, string>): string[] {
  const found: string[] = [];
  const claims = new Set(stage.world.all(kinds.persistentvolumeclaims).map(({ metadata }) => metadata.uid));
  for (const { metadata, spec } of stage.volumes) {
    const before = keepers.get(metadata.uid ?? '');
    const now = spec.claimRef?.uid ?? '';
    if (before && now && before !== now && claims.has(before)) found.push(`${metadata.name} passed from ${before}`);
    keepers.set(metadata.uid ?? '', now);
  }
  const taken = new Map<string, string>();
  for (const { metadata, spec, status } of boundClaims(stage)) {
    if (status.phase === 'Lost') continue;
    const volume = spec.volumeName ?? '';
    const other = taken.get(volume);
    if (other !== undefined) found.push(`${volume} is of ${other} and ${metadata.name}`);
    taken.set(volume, metadata.name ?? '');
  }
  return found;
}

/** What is not as it should be once all is quiet. */
function unsettled(stage: VolumeStage): string[] {
  const found: string[] = [];
  for (const claim of stage.world.all(kinds.persistentvolumeclaims)) {
    const volume = stage.volumes.find(({ metadata }) => metadata.name === claim.spec.volumeName);
    const { phase } = claim.status;
    const { name: of } = claim.metadata;
    if (phase === 'Bound' && (!volume || !isKeptFor(volume, claim) || volume.status.phase !== 'Bound')) {
      found.push(`${of} is bound to a volume that is not`);
    }
    if (phase === 'Pending' && !claim.spec.volumeName && claim.metadata.deletionTimestamp === undefined) {
      const ofClass = stage.volumes.filter(
        ({ spec }) => spec.claimRef ?? spec.storageClassName === claim.spec.storageClassName,
      );
      if (volumesFor(claim, ofClass).length > 0) found.push(`${of} waits beside a volume that it could have`);
      if (claim.spec.storageClassName === 'local') found.push(`${of} was made no volume`);
    }
  }
  for (const { metadata, spec, status } of stage.volumes) {
    const claim = stage.findClaim(spec.claimRef?.name ?? '');
    const isTheirs = claim !== undefined && claim.metadata.uid === spec.claimRef?.uid;
    const wanted = !spec.claimRef?.uid ? 'Available' : isTheirs ? 'Bound' : 'Released';
    if (status.phase !== wanted) found.push(`${metadata.name} is ${status.phase} and not ${wanted}`);
  }
  return found;
}

describe('laws of persistent volumes', () => {
  it('no volume is ever of two claims, no claim of two volumes, and in the end all that fit are bound', async () => {
    const law = fc.asyncProperty(fc.array(happening, { maxLength: 40 }), async (happenings) => {
      const stage = new VolumeStage();
      const broken: string[] = [];
      const keepers = new Map<string, string>();
      await stage.make(aClass('local'), aNode('n1'));
      await stage.open();
      stage.world.onWrite = () => broken.push(...faults(stage, keepers));
      stage.world.lagging = true;
      for (const each of happenings) await happen(stage, each);
      stage.world.lagging = false;
      stage.world.deliver();
      // Each try that lost a race is made again after a while.
      for (let turn = 0; turn < 20; turn += 1) {
        await stage.rest();
        stage.world.clock.advance(10_000);
      }
      await stage.rest();
      await stage.close();
      assert.deepEqual(broken, []);
      assert.deepEqual(unsettled(stage), []);
    });
    await fc.assert(law, { numRuns: RUNS });
  });
});
