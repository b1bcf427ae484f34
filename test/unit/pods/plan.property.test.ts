/** The laws of the planner, on states nobody thought of: a model of the runtime carries out what the plan says. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Pod } from '../../../api/types/core.v1.ts';
import type { Action } from '../../../node-agent/pods/action.ts';
import { actionKey } from '../../../node-agent/pods/action.ts';
import { DEFAULT_BACKOFF } from '../../../node-agent/pods/backoff.ts';
import { allContainers } from '../../../node-agent/pods/container-kind.ts';
import { containerHash } from '../../../node-agent/pods/labels.ts';
import type { PodMemory } from '../../../node-agent/pods/memory.ts';
import { newMemory } from '../../../node-agent/pods/memory.ts';
import type { ObservedContainer, ObservedPod, ObservedSandbox } from '../../../node-agent/pods/observed.ts';
import { plan } from '../../../node-agent/pods/plan.ts';
import { moveStage } from '../../../node-agent/pods/stage.ts';
import { container, deleted, pod } from './harness.ts';

const NAMES = ['init', 'helper', 'web', 'side', 'debug'] as const;
const IMAGE = { id: 'sha256:1', tags: [], digests: [], sizeBytes: 1, user: '' };
const START = Date.parse('2026-01-01T00:00:00Z');

interface Model {
  pod: Pod;
  wanted: boolean;
  memory: PodMemory;
  sandboxes: ObservedSandbox[];
  containers: ObservedContainer[];
  now: number;
  ids: number;
}

function observe({ sandboxes, containers }: Model): ObservedPod {
  const newest = (a: { createdAt: number }, b: { createdAt: number }): number => b.createdAt - a.createdAt;
  return { sandboxes: sandboxes.toSorted(newest), containers: containers.toSorted(newest) };
}

/** One plan, its laws checked, its actions carried out at once. Returns whether anything was left to do. */
function step(model: Model, exitCodes: () => number): boolean {
  const { memory } = model;
  const input = {
    pod: model.pod,
    wanted: model.wanted,
    observed: observe(model),
    memory,
    now: model.now,
    limits: DEFAULT_BACKOFF,
    problems: [],
  };
  const frozen = JSON.stringify([input.observed, input.pod]);
  const next = plan(input);
  assert.equal(JSON.stringify([input.observed, input.pod]), frozen, 'a plan edits nothing');
  assert.deepEqual(plan(input), next, 'the same facts lead to the same plan');
  assert.ok(
    next.actions.every(({ reason }) => reason !== ''),
    'each action carries its reason',
  );
  const keys = next.actions.map(actionKey);
  assert.equal(new Set(keys).size, keys.length, 'no two actions of one key');
  const before = memory.stage;
  memory.stage = moveStage(before, next.stage);
  if (before === 'running' && next.stage !== 'running') memory.endingSince = model.now;
  memory.verdict = next.verdict;
  checkOrder(model, next.actions);
  for (const action of next.actions) perform(model, action, exitCodes);
  if (next.actions.length === 0 && before === next.stage && next.wakeAt !== undefined) {
    model.now = next.wakeAt;
    return true;
  }
  if (next.actions.length > 0 || before !== next.stage) return true;
  const init = model.containers.find(({ name, state }) => name === 'init' && state === 'running');
  if (init) end(model, init.id, 0);
  return init !== undefined;
}

/** A sidecar is started before, and ended after, those it serves. */
function checkOrder({ pod: of, containers, memory, now }: Model, actions: readonly Action[]): void {
  const hasHelper = of.spec.initContainers?.some(({ name }) => name === 'helper');
  if (!hasHelper) return;
  const isLive = (name: string): boolean =>
    containers.some((known) => known.name === name && ['running', 'unknown'].includes(known.state));
  for (const action of actions) {
    const isEnd = action.type === 'killContainer' && action.container === 'helper' && memory.stage === 'stopping';
    if (!isEnd || memory.endingSince === undefined || action.graceSeconds === 0) continue;
    const isLate = now >= memory.endingSince + 30_000;
    assert.ok(isLate || (!isLive('web') && !isLive('side')), 'a sidecar ends last');
  }
}

function perform(model: Model, action: Action, exitCodes: () => number): void {
  const { memory } = model;
  model.now += 1;
  switch (action.type) {
    case 'mountVolumes':
      memory.volumes = 'mounted';
      return;
    case 'refreshVolumes':
      memory.areVolumesStale = false;
      return;
    case 'unmountVolumes':
      memory.volumes = 'unmounted';
      return;
    case 'removeTraces':
      memory.areTracesRemoved = true;
      return;
    case 'runSandbox': {
      assert.ok(!model.sandboxes.some(({ attempt }) => attempt === action.attempt), 'attempts are never used twice');
      const id = `sandbox-${(model.ids += 1)}`;
      model.sandboxes.push({ id, attempt: action.attempt, ready: true, createdAt: model.now, ips: ['10.244.0.2'] });
      return;
    }
    case 'stopSandbox':
      memory.stoppedSandboxes.add(action.id);
      model.sandboxes = model.sandboxes.map((known) => (known.id === action.id ? { ...known, ready: false } : known));
      return;
    case 'removeSandbox':
      model.sandboxes = model.sandboxes.filter(({ id }) => id !== action.id);
      model.containers = model.containers.filter(({ sandboxId }) => sandboxId !== action.id);
      return;
    case 'ensureImage':
      memory.images.set(action.container, {
        state: 'ready',
        attempt: action.attempt,
        image: action.image,
        found: IMAGE,
      });
      return;
    case 'startContainer':
      start(model, action, exitCodes());
      return;
    case 'resizeContainer':
      memory.resized.set(action.id, action.resources);
      return;
    case 'killContainer':
      end(model, action.id, 137);
      return;
    case 'removeContainer':
      model.containers = model.containers.filter(({ id }) => id !== action.id);
      return;
  }
}

function start(model: Model, action: Action & { type: 'startContainer' }, exitCode: number): void {
  const { memory, containers } = model;
  assert.equal(memory.stage, 'running', 'nothing is started in a pod that ends');
  const sandbox = model.sandboxes.find(({ id }) => id === action.sandboxId);
  assert.ok(sandbox?.ready, 'containers start in a sandbox that is up');
  const mine = containers.filter(({ name }) => name === action.container);
  assert.ok(!mine.some(({ state }) => state === 'running' || state === 'unknown'), 'never two of one name');
  assert.ok(!mine.some(({ attempt }) => attempt >= action.attempt), 'restart counts only grow');
  const spec = allContainers(model.pod).find(({ name }) => name === action.container);
  assert.ok(spec);
  const last = mine.toSorted((a, b) => b.createdAt - a.createdAt)[0];
  const policy = model.pod.spec.restartPolicy;
  const isInit = action.container === 'init';
  const isSidecar = action.container === 'helper';
  assert.ok(action.container !== 'debug' || !last || last.state === 'created', 'an ephemeral container runs once');
  const isAlive = (name: string): boolean =>
    containers.some((known) => known.name === name && known.state === 'running');
  const begun = containers.some(
    ({ name, sandboxId }) => sandboxId === action.sandboxId && (name === 'web' || name === 'side'),
  );
  if (spec.name === 'web' && !begun && allContainers(model.pod).some(({ name }) => name === 'helper')) {
    // One that ended after init had run is restarted beside the others, which don't wait for its back-off.
    const hasInitRun = containers.some(({ name, sandboxId }) => sandboxId === action.sandboxId && name === 'init');
    const waits = containers.some(({ name, state }) => name === 'helper' && state === 'exited');
    assert.ok(isAlive('helper') || (hasInitRun && waits), 'a sidecar starts first');
  }
  if (last?.state === 'exited' && last.hash === containerHash(spec) && !isInit && !isSidecar) {
    assert.ok(policy !== 'Never', 'Never means never');
    assert.ok(policy === 'Always' || last.exitCode !== 0, 'success is not repeated with OnFailure');
  }
  const crash = memory.crashes.get(action.container);
  if (last?.state === 'exited' && crash && crash.since > START) {
    const quiet = (last.finishedAt ?? last.createdAt) - crash.since > 2 * DEFAULT_BACKOFF.maximum;
    assert.ok(quiet || model.now - (last.finishedAt ?? last.createdAt) >= crash.delay, 'the back-off is kept');
  }
  if (action.backoff) memory.crashes.set(action.container, action.backoff);
  const id = `container-${(model.ids += 1)}`;
  containers.push(
    observed({ id, name: action.container, attempt: action.attempt, createdAt: model.now }, action.sandboxId, spec),
  );
  if (isInit || action.container === 'debug' || (exitCode >= 0 && !isSidecar)) end(model, id, Math.max(0, exitCode));
}

function end(model: Model, id: string, exitCode: number): void {
  const reason = exitCode === 0 ? 'Completed' : 'Error';
  model.containers = model.containers.map((known) =>
    known.id === id ? { ...known, state: 'exited', exitCode, reason, finishedAt: model.now } : known,
  );
}

function observed(
  about: Pick<ObservedContainer, 'id' | 'name' | 'attempt' | 'createdAt'>,
  sandboxId: string,
  spec = container({ name: about.name }),
): ObservedContainer {
  return {
    ...about,
    sandboxId,
    state: 'running',
    hash: containerHash(spec),
    image: 'app:1',
    imageRef: 'app:1',
    startedAt: about.createdAt,
    finishedAt: undefined,
    exitCode: 0,
    reason: '',
    message: '',
    logPath: '',
    resources: spec.resources,
  };
}

const anySandbox = fc.record({ ready: fc.boolean(), stopped: fc.boolean() });
const anyContainer = fc.record({
  name: fc.constantFrom(...NAMES),
  sandbox: fc.nat(2),
  state: fc.constantFrom('created', 'running', 'exited', 'unknown'),
  exitCode: fc.constantFrom(0, 1, 137),
  changed: fc.boolean(),
});

const anyModel = fc
  .record({
    policy: fc.constantFrom('Always', 'OnFailure', 'Never'),
    hasInit: fc.boolean(),
    hasHelper: fc.boolean(),
    hasDebug: fc.boolean(),
    sandboxes: fc.array(anySandbox, { maxLength: 3 }),
    containers: fc.array(anyContainer, { maxLength: 6 }),
    volumes: fc.constantFrom('unknown', 'mounted'),
    isLeaving: fc.boolean(),
    wanted: fc.boolean(),
  })
  .map((facts): Model => {
    const wanted = facts.wanted || !facts.isLeaving;
    const inits = [
      ...(facts.hasHelper ? [container({ name: 'helper', restartPolicy: 'Always' })] : []),
      ...(facts.hasInit ? [container({ name: 'init' })] : []),
    ];
    const base = pod({
      initContainers: inits,
      containers: [container(), container({ name: 'side' })],
      restartPolicy: facts.policy,
      ...(facts.hasDebug && { ephemeralContainers: [container({ name: 'debug' })] }),
    });
    const model: Model = {
      pod: facts.isLeaving ? deleted(base) : base,
      wanted,
      memory: newMemory(START),
      sandboxes: facts.sandboxes.map(({ ready }, index) => ({
        id: `old-${index}`,
        attempt: index,
        ready,
        createdAt: START + index,
        ips: [],
      })),
      containers: [],
      now: START + 1000,
      ids: 0,
    };
    model.memory.volumes = facts.volumes as 'unknown' | 'mounted';
    for (const [index, { ready, stopped }] of facts.sandboxes.entries()) {
      if (stopped && !ready) model.memory.stoppedSandboxes.add(`old-${index}`);
    }
    for (const [index, about] of facts.containers.entries()) {
      const sandbox = facts.sandboxes[about.sandbox];
      // A container runs only where its sandbox does, and one of a name at a time.
      const isTwin = model.containers.some(({ name, state }) => name === about.name && state !== 'exited');
      if (!sandbox) continue;
      const state = (about.state === 'exited' || (sandbox.ready && !isTwin) ? about.state : 'exited') as 'exited';
      const made = observed(
        { id: `old-container-${index}`, name: about.name, attempt: index, createdAt: START + 10 + index },
        `old-${about.sandbox}`,
        container({ name: about.name, image: about.changed ? 'app:0' : 'app:1' }),
      );
      const finished = { exitCode: about.exitCode, finishedAt: START + 500 };
      model.containers.push({ ...made, state, ...(state === 'exited' && finished) });
    }
    return model;
  });

describe('the pod planner', () => {
  it('leads from any state to the pod that is wanted, and keeps its laws on the way', () => {
    fc.assert(
      fc.property(anyModel, fc.array(fc.constantFrom(-1, -1, 0, 1), { maxLength: 6 }), (model, codes) => {
        const left = [...codes];
        const policy = model.pod.spec.restartPolicy;
        let rounds = 0;
        while (step(model, () => left.shift() ?? (policy === 'Always' ? -1 : 0))) {
          rounds += 1;
          assert.ok(rounds < 200, 'it comes to rest');
          for (const name of NAMES) {
            const live = model.containers.filter((known) => known.name === name && known.state === 'running');
            assert.ok(live.length <= 1, `one ${name} at a time`);
          }
        }
        const isLeaving = model.pod.metadata.deletionTimestamp !== undefined || !model.wanted;
        const running = model.containers.filter(({ state }) => state === 'running').map(({ name }) => name);
        if (isLeaving) {
          assert.equal(model.memory.stage, 'gone');
          assert.deepEqual([model.sandboxes, model.containers], [[], []]);
        } else if (policy === 'Always') {
          assert.equal(model.memory.stage, 'running');
          const helpers = model.pod.spec.initContainers?.some(({ name }) => name === 'helper') ? ['helper'] : [];
          const others = running.filter((name) => name !== 'debug');
          assert.deepEqual(others.toSorted(), [...helpers, 'side', 'web']);
        } else if (model.memory.stage !== 'running') {
          assert.equal(model.memory.stage, 'ended');
          assert.ok(model.memory.verdict);
          assert.deepEqual(running, []);
          assert.ok(model.sandboxes.every(({ ready }) => !ready));
        }
      }),
      { numRuns: 500 },
    );
  });
});
