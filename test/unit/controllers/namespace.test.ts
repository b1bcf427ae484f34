import assert from 'node:assert/strict';
import { kinds } from '../../../api/kinds.ts';
import type { Namespace } from '../../../api/types/core.v1.ts';
import {
  type NamespaceSnapshot,
  planFailure,
  planNamespace,
} from '../../../control-plane/controllers/namespace/plan.ts';
import { emptyElsewhere, LeftElsewhere } from '../../../control-plane/controllers/namespace/empty-elsewhere.ts';
import type { RemoteResource } from '../../../control-plane/controllers/elsewhere.ts';
import type { Action } from '../../../control-plane/controllers/actions.ts';
import { aMoment } from './moment.ts';
import { aPod } from './world.ts';

const FLUNDERS: RemoteResource = {
  group: 'wardle.example.com',
  version: 'v1',
  resource: 'flunders',
  verbs: ['delete'],
};
const FISCHERS: RemoteResource = { group: 'sea.example.com', version: 'v2', resource: 'fischers', verbs: ['delete'] };

const ENDING = {
  metadata: { name: 'team', uid: 'u', deletionTimestamp: '2026-01-01T00:00:00Z' },
  spec: { finalizers: ['kubernetes'] },
  status: { phase: 'Terminating' },
} as Namespace;

const EMPTY: NamespaceSnapshot = { namespace: ENDING, contents: [], elsewhere: [], silent: [] };
const POD = { kind: kinds.pods, objects: [aPod('web')] };
const MAP = { kind: kinds.configmaps, objects: [{ metadata: { name: 'map', namespace: 'team', uid: 'm' } }] };

function inShort(actions: readonly Action[]): string[] {
  return actions.map((action) =>
    action.do === 'empty-elsewhere' ? `empty ${action.resources.map(({ resource }) => resource).join(' ')}` : action.do,
  );
}

function said(actions: readonly Action[], type: string): string | undefined {
  for (const action of actions) {
    const found = action.do === 'set-conditions' && action.conditions.find((condition) => condition.type === type);
    if (found) return `${found.status} ${found.reason}: ${found.message}`;
  }
  return undefined;
}

describe('the end of a namespace', () => {
  const plan = (change: Partial<NamespaceSnapshot>) => planNamespace({ ...EMPTY, ...change }, aMoment());

  it('asks no other server where there is none', () => {
    assert.deepEqual(inShort(plan({}).actions), ['set-conditions', 'finalize-namespace']);
  });

  it('waits for its pods before it empties anything else, wherever it is', () => {
    const contents = [POD, MAP];
    assert.deepEqual(inShort(plan({ contents, elsewhere: [FLUNDERS] }).actions), ['delete', 'set-conditions']);
  });

  it('comes when nothing is left elsewhere either', () => {
    const { actions } = plan({ elsewhere: [FLUNDERS, FISCHERS] });
    assert.deepEqual(inShort(actions), ['empty flunders fischers', 'set-conditions', 'finalize-namespace']);
    const full = plan({ elsewhere: [FLUNDERS], contents: [MAP] });
    assert.deepEqual(inShort(full.actions), ['delete', 'empty flunders', 'set-conditions']);
  });

  it('does not come while nobody tells what another server holds, and the rest is emptied meanwhile', () => {
    const { actions, reasons } = plan({ elsewhere: [FLUNDERS, FISCHERS], silent: ['wardle.example.com/v1'] });
    assert.deepEqual(inShort(actions), ['empty fischers', 'set-conditions']);
    assert.deepEqual(reasons, ['nobody tells what it holds of wardle.example.com/v1']);
    assert.equal(
      said(actions, 'NamespaceDeletionDiscoveryFailure'),
      'True DiscoveryFailed: Discovery failed for some groups, 1 failing: unable to retrieve the complete list of ' +
        'server APIs: wardle.example.com/v1: stale GroupVersion discovery: wardle.example.com/v1',
    );
  });

  it('is held by what is left elsewhere, whatever became of the others', async () => {
    const finalizers = new Map([['a/b', 2]]);
    const error = await emptyElsewhere([FLUNDERS, FISCHERS], 'team', ({ resource }) =>
      resource === 'flunders'
        ? Promise.reject(new Error('no disk'))
        : Promise.resolve({ resource: 'fischers.sea.example.com', objects: 3, finalizers }),
    ).catch((caught: unknown) => caught);
    assert.ok(error instanceof LeftElsewhere);
    const snapshot = { ...EMPTY, contents: [MAP], elsewhere: [FLUNDERS, FISCHERS] };
    const [action] = plan(snapshot).actions;
    const report = planFailure(snapshot, { action: action!, error }, aMoment());
    assert.equal(
      said(report, 'NamespaceContentRemaining'),
      'True SomeResourcesRemain: Some resources are remaining: ' +
        'configmaps. has 1 resource instances, fischers.sea.example.com has 3 resource instances',
    );
    assert.match(said(report, 'NamespaceFinalizersRemaining') ?? '', /^True .*: a\/b in 2 resource instances$/);
    assert.equal(
      said(report, 'NamespaceDeletionContentFailure'),
      'True ContentDeletionFailed: Failed to delete all resource types, 1 remaining: no disk',
    );
  });
});
