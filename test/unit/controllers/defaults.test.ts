import assert from 'node:assert/strict';
import { kinds } from '../../../api/kinds.ts';
import { validateFlowSchema } from '../../../api/validation/flowcontrol/flow-schema.ts';
import { validatePriorityLevel } from '../../../api/validation/flowcontrol/priority-level.ts';
import { ClusterDefaults } from '../../../control-plane/controllers/defaults/defaults.ts';
import { DEFAULT_LEVELS, DEFAULT_SCHEMAS } from '../../../control-plane/controllers/defaults/flow-control.ts';
import { planLocalClass } from '../../../control-plane/controllers/defaults/storage.ts';
import type { Namespace } from '../../../api/types/core.v1.ts';
import { aClass } from './volume-stage.ts';
import { settle, World } from './world.ts';

describe('what every cluster has', () => {
  it('is valid by its own rules', () => {
    for (const schema of DEFAULT_SCHEMAS) assert.deepEqual(validateFlowSchema(schema), []);
    for (const level of DEFAULT_LEVELS) assert.deepEqual(validatePriorityLevel(level), []);
    const levels = new Set(DEFAULT_LEVELS.map(({ metadata }) => metadata.name));
    for (const { spec } of DEFAULT_SCHEMAS) assert.ok(levels.has(spec.priorityLevelConfiguration.name));
  });

  it('is made at the start, and schemas are told that their levels are there', async () => {
    const world = new World();
    const { clock } = world;
    const runner = world.runner(new ClusterDefaults({ registry: world, serviceCidr: '10.96.0.0/16', clock }));
    await runner.start();
    await settle();
    await runner.stop();
    assert.equal(world.all(kinds.priorityclasses).length, 2);
    assert.equal(world.all(kinds.prioritylevelconfigurations).length, 8);
    const schemas = world.all(kinds.flowschemas);
    assert.equal(schemas.length, 11);
    for (const { status } of schemas) assert.equal(status.conditions?.[0]?.status, 'False');
    const [range] = world.all(kinds.servicecidrs);
    assert.deepEqual(range?.spec.cidrs, ['10.96.0.0/16']);
  });

  it('has a class of local volumes in the beginning, which is the users’ from then on', async () => {
    const world = new World();
    const { clock } = world;
    const lead = async (): Promise<void> => {
      const runner = world.runner(new ClusterDefaults({ registry: world, serviceCidr: '10.96.0.0/16', clock }));
      await runner.start();
      await world
        .of(kinds.namespaces)
        .create({ metadata: { name: 'kube-system' } })
        .catch(() => undefined);
      await settle();
      await runner.stop();
    };
    await lead();
    const [made] = world.all(kinds.storageclasses);
    assert.deepEqual(
      [made?.metadata.name, made?.provisioner, made?.volumeBindingMode],
      ['local', 'local.dure.internal', 'WaitForFirstConsumer'],
    );
    assert.deepEqual(made?.metadata.annotations, { 'storageclass.kubernetes.io/is-default-class': 'true' });
    await world.of(kinds.storageclasses).delete('', 'local');
    await lead();
    assert.deepEqual(world.all(kinds.storageclasses), []);
  });

  it('leaves the default class to one that is there before', () => {
    const other = aClass('other', {
      metadata: { name: 'other', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
    });
    const [create] = planLocalClass({ metadata: { name: 'kube-system' } } as Namespace, [other]).actions;
    assert.ok(create?.do === 'create');
    assert.deepEqual(create.object.metadata, { name: 'local' });
  });
});
