import assert from 'node:assert/strict';

import fc from 'fast-check';
import { kinds } from '../../../api/kinds.ts';
import type { ControllerRevision, StatefulSet } from '../../../api/types/apps.v1.ts';
import type { PodTemplateSpec } from '../../../api/types/core.v1.ts';
import { countCollision, historyOf, truncate } from '../../../control-plane/controllers/history/history.ts';
import { inOrder, templateOf, type RevisionOwner } from '../../../control-plane/controllers/history/revision.ts';
import { inShort } from './moment.ts';

const HASH_LABEL = 'controller.kubernetes.io/hash';

function aTemplate(image: string): PodTemplateSpec {
  return { metadata: { labels: { app: 'db' } }, spec: { containers: [{ name: 'main', image, resources: {} }] } };
}

function ownerOf(
  image: string,
  fields: { collisionCount?: number; limit?: number; leaving?: boolean } = {},
): RevisionOwner {
  const { collisionCount = 0, limit = 10, leaving = false } = fields;
  const object: StatefulSet = {
    metadata: {
      name: 'db',
      namespace: 'default',
      uid: 'set',
      annotations: { 'kubernetes.io/change-cause': `use ${image}` },
      ...(leaving ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
    },
    spec: {
      selector: { matchLabels: { app: 'db' } },
      template: aTemplate(image),
      serviceName: 'db',
      revisionHistoryLimit: limit,
      updateStrategy: {},
    },
    status: { replicas: 0, availableReplicas: 0, collisionCount },
  };
  return { kind: kinds.statefulsets, object, hashLabel: HASH_LABEL };
}

/** The revisions there are after the workload has had these images. */
function historyAfter(...images: string[]): ControllerRevision[] {
  let revisions: readonly ControllerRevision[] = [];
  for (const image of images) ({ revisions } = historyOf(ownerOf(image), revisions));
  return [...revisions];
}

const numbers = (revisions: readonly ControllerRevision[]): unknown[] =>
  revisions.map((revision) => [templateOf(revision)?.spec.containers[0]?.image, revision.revision]);

describe('history of revisions', () => {
  it('keeps a template as the patch that brings it back, under a name made of its hash', () => {
    const owner = ownerOf('db:1');
    const { update, actions } = historyOf(owner, []);
    assert.deepEqual(inShort(actions), [`create ${update.metadata.name}`]);
    const hash = update.metadata.labels?.[HASH_LABEL];
    assert.match(hash ?? '', /^[a-z0-9]{1,10}$/);
    assert.equal(update.metadata.name, `db-${hash}`);
    assert.deepEqual(update.data, { spec: { template: { ...aTemplate('db:1'), $patch: 'replace' } } });
    assert.deepEqual(templateOf(update), aTemplate('db:1'));
    // Clients written in Go compare the text, in which keys are in order.
    const main = '{"image":"db:1","name":"main","resources":{}}';
    const template = `{"$patch":"replace","metadata":{"labels":{"app":"db"}},"spec":{"containers":[${main}]}}`;
    assert.equal(JSON.stringify(update.data), `{"spec":{"template":${template}}}`);
    assert.equal(update.revision, 1);
    assert.deepEqual(update.metadata.annotations, { 'kubernetes.io/change-cause': 'use db:1' });
    assert.deepEqual(update.metadata.labels, { app: 'db', [HASH_LABEL]: hash });
    assert.equal(update.metadata.ownerReferences?.[0]?.uid, 'set');
  });

  it('makes nothing while the newest revision is that of the template, whatever the order of its fields', () => {
    const [revision] = historyAfter('db:1');
    assert.ok(revision);
    const { containers } = aTemplate('db:1').spec;
    const data = {
      spec: { template: { $patch: 'replace', spec: { containers }, metadata: { labels: { app: 'db' } } } },
    };
    const { update, actions } = historyOf(ownerOf('db:1'), [{ ...revision, data }]);
    assert.deepEqual(actions, []);
    assert.equal(update.metadata.name, revision.metadata.name);
  });

  it('counts on with a new template, and gives an old one that is used again the highest number', () => {
    assert.deepEqual(numbers(historyAfter('db:1', 'db:2')), [
      ['db:1', 1],
      ['db:2', 2],
    ]);
    const before = historyAfter('db:1', 'db:2');
    const { revisions, actions } = historyOf(ownerOf('db:1'), before);
    assert.deepEqual(numbers(revisions), [
      ['db:2', 2],
      ['db:1', 3],
    ]);
    assert.deepEqual(
      actions.map(({ do: verb }) => verb),
      ['patch'],
    );
    assert.ok(actions[0]?.do === 'patch' && actions[0].target.name === before[0]?.metadata.name);
    assert.deepEqual(actions[0].patch, { revision: 3 });
  });

  it('adopts what is selected and free, releases what is not selected any more, and leaves alone what is others', () => {
    const [mine] = historyAfter('db:1');
    assert.ok(mine);
    const { ownerReferences: _, ...metadata } = mine.metadata;
    const free = { ...mine, metadata: { ...metadata, name: 'free' } };
    const strange = { ...free, metadata: { ...free.metadata, name: 'strange', labels: { app: 'other' } } };
    const changed = { ...mine, metadata: { ...mine.metadata, name: 'changed', labels: { app: 'other' } } };
    const { revisions, actions } = historyOf(ownerOf('db:1'), [mine, free, strange, changed]);
    assert.deepEqual(inShort(actions), ['add-owner free', 'remove-owners changed']);
    assert.deepEqual(new Set(revisions.map(({ metadata: { name } }) => name)), new Set([mine.metadata.name, 'free']));
  });

  it('neither adopts nor makes any for a workload that is being deleted', () => {
    const [mine] = historyAfter('db:1');
    assert.ok(mine);
    const { ownerReferences: _, ...metadata } = mine.metadata;
    const { actions, update } = historyOf(ownerOf('db:2', { leaving: true }), [{ ...mine, metadata }]);
    assert.deepEqual(actions, []);
    assert.deepEqual(templateOf(update), aTemplate('db:2'));
  });

  it('deletes the oldest that are not live beyond the limit', () => {
    const owner = ownerOf('db:5', { limit: 1 });
    const history = historyOf(owner, historyAfter('db:1', 'db:2', 'db:3', 'db:4', 'db:5'));
    const [first, second, third] = history.revisions;
    const isLive = (revision: ControllerRevision): boolean => revision === second;
    assert.deepEqual(inShort(truncate(owner, history, isLive)), [
      `delete ${first?.metadata.name}`,
      `delete ${third?.metadata.name}`,
    ]);
    assert.deepEqual(truncate(ownerOf('db:5', { limit: 3 }), history, isLive), []);
    assert.equal(truncate(ownerOf('db:5', { limit: 0 }), history, () => false).length, 4);
  });

  describe('when the name is taken', () => {
    const [mine] = historyAfter('db:1');
    assert.ok(mine);
    const withOwner = (fields: object): ControllerRevision => {
      const [owner] = mine.metadata.ownerReferences ?? [];
      assert.ok(owner);
      return { ...mine, metadata: { ...mine.metadata, ownerReferences: [{ ...owner, ...fields }] } };
    };

    it('by another, takes another name', () => {
      const [action] = countCollision(ownerOf('db:1', { collisionCount: 2 }), { ...mine, data: { spec: {} } });
      assert.ok(action?.do === 'patch-status');
      assert.deepEqual(action.patch, { collisionCount: 3 });
      assert.equal(countCollision(ownerOf('db:1'), withOwner({ uid: 'other', kind: 'DaemonSet' })).length, 1);
      const names = [0, 1, 2].map(
        (collisionCount) => historyOf(ownerOf('db:1', { collisionCount }), []).update.metadata.name,
      );
      assert.equal(new Set(names).size, 3);
    });

    it('by itself, one that is free, or one that goes with an earlier workload, tries again', () => {
      const { ownerReferences: _, ...metadata } = mine.metadata;
      for (const existing of [undefined, mine, { ...mine, metadata }, withOwner({ uid: 'earlier' })]) {
        assert.deepEqual(countCollision(ownerOf('db:1'), existing), []);
      }
    });
  });

  it('always ends with the present template at the highest number, and holds each template once', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('db:1', 'db:2', 'db:3', 'db:4'), { minLength: 1 }), (images) => {
        const revisions = historyAfter(...images);
        assert.deepEqual(inOrder(revisions), revisions);
        assert.equal(numbers(revisions).at(-1)?.toString(), `${images.at(-1)},${revisions.at(-1)?.revision}`);
        assert.equal(revisions.length, new Set(images).size);
        assert.equal(new Set(revisions.map(({ revision }) => revision)).size, revisions.length);
      }),
    );
  });
});
