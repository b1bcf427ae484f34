import assert from 'node:assert/strict';
import { autoscalerToV1, autoscalerToV2 } from '../../../api/conversion/autoscaling.ts';
import { fromCoreEvent, toCoreEvent } from '../../../api/conversion/events.ts';
import { defaultAutoscaler, defaultAutoscalerV1 } from '../../../api/defaults/autoscaling.ts';
import type { HorizontalPodAutoscaler as AutoscalerV1 } from '../../../api/types/autoscaling.v1.ts';
import type { HorizontalPodAutoscaler } from '../../../api/types/autoscaling.v2.ts';
import type { Event as CoreEvent } from '../../../api/types/core.v1.ts';
import type { Event } from '../../../api/types/events.v1.ts';
import { validateAutoscaler, validateAutoscalerStatus } from '../../../api/validation/autoscaling.ts';
import { validateCoreEvent, validateEvent, validateEventUpdate } from '../../../api/validation/events.ts';
import { changed, checkRules, checkUpdateRules, linesOf, type Rule } from './rules.ts';

const metadata = { name: 'x', namespace: 'default' };
const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };
const good = { metadata, spec: { scaleTargetRef, maxReplicas: 5 }, status: {} } as unknown as HorizontalPodAutoscaler;
const cpu = { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } };
const selector = { matchLabels: { a: 'b' } };

describe('validation of autoscalers', () => {
  it('fills in what was left out', () => {
    const autoscaler = changed(good, { 'spec.behavior': { scaleDown: { stabilizationWindowSeconds: 9 } } });
    defaultAutoscaler(autoscaler);
    const { scaleTargetRef: _target, maxReplicas: _most, ...rest } = autoscaler.spec;
    assert.deepEqual(rest, {
      minReplicas: 1,
      metrics: [cpu],
      behavior: {
        scaleUp: {
          stabilizationWindowSeconds: 0,
          selectPolicy: 'Max',
          policies: [
            { type: 'Pods', value: 4, periodSeconds: 15 },
            { type: 'Percent', value: 100, periodSeconds: 15 },
          ],
        },
        scaleDown: {
          selectPolicy: 'Max',
          policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }],
          stabilizationWindowSeconds: 9,
        },
      },
    });
  });

  it('says what is wrong', () => {
    const at = 'spec.metrics[0]';
    const metric = (value: object, ...expected: string[]): Rule => [{ 'spec.metrics': [value] }, ...expected];
    const resource = (target: object, ...expected: string[]): Rule =>
      metric({ type: 'Resource', resource: { name: 'cpu', target } }, ...expected);
    const up = 'spec.behavior.scaleUp';
    checkRules(good, defaultAutoscaler, validateAutoscaler, [
      [
        { 'spec.minReplicas': 0 },
        'spec.minReplicas: Invalid value: 0: must be greater than or equal to 1',
        'spec.metrics: Forbidden: must specify at least one Object or External metric to support scaling to zero replicas',
      ],
      [
        { 'spec.maxReplicas': 0 },
        'spec.maxReplicas: Invalid value: 0: must be greater than 0',
        'spec.maxReplicas: Invalid value: 0: must be greater than or equal to `minReplicas`',
      ],
      [
        { 'spec.scaleTargetRef': { kind: 'a/b' } },
        'spec.scaleTargetRef.kind: Invalid value: "a/b": may not contain \'/\'',
        'spec.scaleTargetRef.name: Required value',
      ],
      metric(
        { type: 'Odd' },
        `${at}.type: Unsupported value: "Odd": supported values: "ContainerResource", "External", "Object", "Pods", "Resource"`,
      ),
      metric({ type: 'Pods' }, `${at}.pods: Required value: must populate information for the given metric source`),
      metric(
        {
          ...cpu,
          type: 'Resource',
          pods: { metric: { name: 'm' }, target: { type: 'AverageValue', averageValue: '1' } },
        },
        `${at}.pods: Forbidden: must populate the given metric source only`,
      ),
      resource(
        { type: 'Utilization' },
        `${at}.resource.target.averageUtilization: Required value: must set either a target raw value or a target utilization`,
      ),
      resource(
        { type: 'Utilization', averageUtilization: 0, averageValue: '1' },
        `${at}.resource.target.averageUtilization: Invalid value: 0: must be greater than 0`,
        `${at}.resource.target.averageValue: Forbidden: may not set both a target raw value and a target utilization`,
      ),
      resource(
        { type: 'Guess', averageValue: '0' },
        `${at}.resource.target.type: Invalid value: "Guess": must be either Utilization, Value, or AverageValue`,
        `${at}.resource.target.averageValue: Invalid value: "0": must be positive`,
      ),
      metric(
        {
          type: 'External',
          external: { metric: { name: '' }, target: { type: 'Value', value: '1', averageValue: '1' } },
        },
        `${at}.external.metric.name: Required value: must specify a metric name`,
        `${at}.external.target.value: Forbidden: may not set both a target value for metric and a per-pod target`,
      ),
      metric(
        {
          type: 'Object',
          object: { describedObject: scaleTargetRef, metric: { name: 'm' }, target: { type: 'Value' } },
        },
        `${at}.object.target.averageValue: Required value: must set either a target value or averageValue`,
      ),
      metric(
        {
          type: 'ContainerResource',
          containerResource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 1 } },
        },
        `${at}.containerResource.container: Required value: must specify a container`,
      ),
      [
        { 'spec.behavior.scaleUp': { stabilizationWindowSeconds: 3601, selectPolicy: 'Any', policies: [] } },
        `${up}.stabilizationWindowSeconds: Invalid value: 3601: must be less than or equal to 3600`,
        `${up}.selectPolicy: Unsupported value: "Any": supported values: "Disabled", "Max", "Min"`,
        `${up}.policies: Required value: must specify at least one Policy`,
      ],
      [
        { 'spec.behavior.scaleUp': { policies: [{ type: 'X', value: 0, periodSeconds: 1801 }] } },
        `${up}.policies[0].type: Unsupported value: "X": supported values: "Percent", "Pods"`,
        `${up}.policies[0].value: Invalid value: 0: must be greater than zero`,
        `${up}.policies[0].periodSeconds: Invalid value: 1801: must be less than or equal to 1800`,
      ],
    ]);
    const status = { desiredReplicas: -1, currentMetrics: [] };
    assert.deepEqual(linesOf(validateAutoscalerStatus({ ...good, status })), [
      'status.desiredReplicas: Invalid value: -1: must be greater than or equal to 0',
    ]);
  });
});

describe('autoscalers in their older version', () => {
  it('lose nothing on the way there and back', () => {
    const metrics = [
      { type: 'Pods', pods: { metric: { name: 'm', selector }, target: { type: 'AverageValue', averageValue: '5' } } },
      { type: 'External', external: { metric: { name: 'q' }, target: { type: 'Value', value: '7' } } },
      {
        type: 'Object',
        object: { describedObject: scaleTargetRef, metric: { name: 'o' }, target: { type: 'Value', value: '3' } },
      },
      {
        type: 'ContainerResource',
        containerResource: { name: 'memory', container: 'c', target: { type: 'AverageValue', averageValue: '1Gi' } },
      },
      cpu,
    ];
    const currentMetrics = [
      { type: 'Pods', pods: { metric: { name: 'm', selector }, current: { averageValue: '4' } } },
      { type: 'Resource', resource: { name: 'cpu', current: { averageValue: '100m', averageUtilization: 40 } } },
    ];
    const conditions = [
      { type: 'AbleToScale', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z', reason: 'R' },
    ];
    const autoscaler = {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { ...metadata, annotations: { mine: 'stays' } },
      spec: {
        scaleTargetRef,
        minReplicas: 1,
        maxReplicas: 5,
        metrics,
        behavior: { scaleUp: { policies: [{ type: 'Pods', value: 4, periodSeconds: 15 }] } },
      },
      status: { currentReplicas: 2, desiredReplicas: 3, currentMetrics, conditions },
    } as unknown as HorizontalPodAutoscaler;
    const older = autoscalerToV1(autoscaler);
    assert.equal(older.spec.targetCPUUtilizationPercentage, 80);
    assert.equal(older.status.currentCPUUtilizationPercentage, 40);
    assert.equal('metrics' in older.spec, false);
    assert.match(
      older.metadata.annotations?.['autoscaling.alpha.kubernetes.io/behavior'] ?? '',
      /"ScaleUp":\{"Policies"/,
    );
    assert.deepEqual(autoscalerToV2(older), autoscaler);
  });

  it('aim at a use of the processor when they say nothing, and believe no annotation blindly', () => {
    const older = { metadata, spec: { scaleTargetRef, maxReplicas: 5 }, status: {} } as unknown as AutoscalerV1;
    defaultAutoscalerV1(older);
    assert.deepEqual(autoscalerToV2(older).spec.metrics, [cpu]);
    for (const text of ['no json', 'null', '[null, 5, {"type":3}]', '[{"type":"Pods","pods":[]}]', '{"a":1}']) {
      const annotations = Object.fromEntries(
        ['metrics', 'current-metrics', 'conditions', 'behavior'].map((name) => [
          `autoscaling.alpha.kubernetes.io/${name}`,
          text,
        ]),
      );
      const newer = autoscalerToV2({ ...older, metadata: { ...metadata, annotations } });
      assert.equal(newer.metadata.annotations, undefined);
      validateAutoscaler(newer);
    }
  });
});

describe('validation of events', () => {
  const event = {
    metadata: { name: 'x', namespace: 'n' },
    eventTime: '2026-01-01T00:00:00.000000Z',
    reportingController: 'a.io/b',
    reportingInstance: 'b-1',
    action: 'Did',
    reason: 'Because',
    type: 'Normal',
    regarding: { kind: 'Pod', name: 'p', namespace: 'n' },
    deprecatedSource: {},
  } as unknown as Event;

  it('wants new ones to say who did what, and nothing in the old fields', () => {
    checkRules(event, () => {}, validateEvent, [
      [{ eventTime: undefined }, 'eventTime: Required value'],
      [{ type: 'Odd' }, 'type: Invalid value: "": has invalid value: Odd'],
      [
        { reportingController: undefined },
        'reportingController: Required value',
        'reportingController: Invalid value: "": name part must be non-empty',
        "reportingController: Invalid value: \"\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
      ],
      [{ action: '' }, 'action: Required value'],
      [{ reason: 'x'.repeat(129) }, 'reason: Invalid value: "": can have at most 128 characters'],
      [{ note: 'x'.repeat(1025) }, 'message: Invalid value: "": can have at most 1024 characters'],
      [
        { 'regarding.namespace': undefined },
        'involvedObject.namespace: Invalid value: "": does not match event.namespace',
      ],
      [
        { series: { count: 1 } },
        'series.count: Invalid value: "": should be at least 2',
        'series.lastObservedTime: Required value',
      ],
      [
        { deprecatedCount: 1, deprecatedSource: { component: 'c' } },
        'count: Invalid value: "": needs to be unset',
        'source: Invalid value: "": needs to be unset',
      ],
    ]);
    checkUpdateRules(event, () => {}, validateEventUpdate, [
      [{ series: { count: 2, lastObservedTime: '2026-01-01T00:01:00.000000Z' } }],
      [{ note: 'other' }, 'message: Invalid value: "other": field is immutable'],
      [{ action: 'Undid' }, 'action: Invalid value: "Undid": field is immutable'],
    ]);
  });

  it('lets old ones say little', () => {
    const old = { metadata: { name: 'x', namespace: 'n' }, involvedObject: { namespace: 'n' } } as unknown as CoreEvent;
    checkRules(old, () => {}, validateCoreEvent, [
      [{ involvedObject: {} }, 'involvedObject.namespace: Invalid value: "": does not match event.namespace'],
      [{ involvedObject: {}, 'metadata.namespace': 'default' }],
    ]);
  });

  it('is the same event in both groups', () => {
    const core = toCoreEvent({ ...event, note: 'text', deprecatedCount: 3 });
    assert.equal(core.message, 'text');
    assert.equal(core.involvedObject.name, 'p');
    assert.equal(core.reportingComponent, 'a.io/b');
    assert.equal(core.count, 3);
    assert.deepEqual(fromCoreEvent(core), {
      ...event,
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      note: 'text',
      deprecatedCount: 3,
    });
  });
});
