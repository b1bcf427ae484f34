import assert from 'node:assert/strict';
import {
  defaultEndpoints,
  defaultLimitRange,
  defaultReplicationController,
  defaultResourceQuota,
} from '../../../api/defaults/core.ts';
import { defaultDisruptionBudget } from '../../../api/defaults/policy.ts';
import type { Endpoints, LimitRange, ReplicationController, ResourceQuota } from '../../../api/types/core.v1.ts';
import type { PodDisruptionBudget } from '../../../api/types/policy.v1.ts';
import { validateEndpoints, validateEndpointsUpdate } from '../../../api/validation/core/endpoints.ts';
import { validateLimitRange } from '../../../api/validation/core/limitrange.ts';
import {
  validateReplicationController,
  validateReplicationControllerStatus,
} from '../../../api/validation/core/replicationcontroller.ts';
import {
  validateResourceQuota,
  validateResourceQuotaStatus,
  validateResourceQuotaUpdate,
} from '../../../api/validation/core/resourcequota.ts';
import { validateDisruptionBudget, validateDisruptionBudgetStatus } from '../../../api/validation/policy.ts';
import { checkRules, checkUpdateRules, linesOf, type Rule } from './rules.ts';

const metadata = { name: 'x', namespace: 'default' };
const NEGATIVE = 'must be greater than or equal to 0';

describe('validation of replication controllers', () => {
  const template = { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
  const good = { metadata, spec: { template } } as unknown as ReplicationController;

  it('takes the selector and its labels from the template', () => {
    const controller = structuredClone(good);
    defaultReplicationController(controller);
    assert.deepEqual(controller.spec.selector, { app: 'a' });
    assert.deepEqual(controller.metadata.labels, { app: 'a' });
    assert.equal(controller.spec.replicas, 1);
  });

  it('says what is wrong', () => {
    const mismatch = '`selector` does not match template `labels`';
    const at = 'spec.template';
    checkRules(good, defaultReplicationController, validateReplicationController, [
      [{ 'spec.template': undefined }, 'spec.selector: Required value', 'spec.template: Required value'],
      [{ 'spec.replicas': -1 }, `spec.replicas: Invalid value: -1: ${NEGATIVE}`],
      [{ 'spec.minReadySeconds': -1 }, `spec.minReadySeconds: Invalid value: -1: ${NEGATIVE}`],
      [{ 'spec.selector': { b: 'c' } }, `${at}.metadata.labels: Invalid value: {"app":"a"}: ${mismatch}`],
      [
        { 'spec.template.spec.restartPolicy': 'Never' },
        `${at}.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"`,
      ],
      [
        { 'spec.template.spec.activeDeadlineSeconds': 1 },
        `${at}.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in ReplicationController is not Supported`,
      ],
    ]);
    const status = { replicas: 1, fullyLabeledReplicas: 2, availableReplicas: 1 };
    assert.deepEqual(linesOf(validateReplicationControllerStatus({ ...good, status })), [
      'status.fullyLabeledReplicas: Invalid value: 2: cannot be greater than status.replicas',
      'status.availableReplicas: Invalid value: 1: cannot be greater than readyReplicas',
    ]);
  });
});

describe('validation of endpoints', () => {
  const good = {
    metadata,
    subsets: [{ addresses: [{ ip: '10.0.0.1' }], ports: [{ port: 80 }] }],
  } as unknown as Endpoints;

  it('says what is wrong', () => {
    checkRules(good, defaultEndpoints, validateEndpoints, [
      [{ subsets: [{}] }, 'subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`'],
      [
        { 'subsets.0.addresses': [{ ip: '127.0.0.1', hostname: 'A', nodeName: 'B' }] },
        "subsets[0].addresses[0].hostname: Invalid value: \"A\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
        "subsets[0].addresses[0].nodeName: Invalid value: \"B\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
        'subsets[0].addresses[0].ip: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
      ],
      [
        { 'subsets.0.addresses': [{ ip: 'x' }] },
        'subsets[0].addresses[0].ip: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
        'subsets[0].addresses[0].ip: Invalid value: "x": must be a valid IP address',
      ],
      [
        { 'subsets.0.ports': [{ port: 0 }, { port: 1, protocol: 'X', name: 'b' }] },
        'subsets[0].ports[0].name: Required value',
        'subsets[0].ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive',
        'subsets[0].ports[1].protocol: Unsupported value: "X": supported values: "SCTP", "TCP", "UDP"',
      ],
    ]);
    const old = { ...good, subsets: [{}] };
    assert.deepEqual(validateEndpointsUpdate(old, structuredClone(old)), []);
  });
});

describe('validation of limit ranges', () => {
  const good = { metadata, spec: { limits: [{ type: 'Container', max: { cpu: '2' } }] } } as unknown as LimitRange;

  it('lets defaults follow from bounds', () => {
    const range = structuredClone(good);
    range.spec.limits[0]!.min = { cpu: '1', memory: '1Gi' };
    defaultLimitRange(range);
    assert.deepEqual(range.spec.limits[0]!.default, { cpu: '2' });
    assert.deepEqual(range.spec.limits[0]!.defaultRequest, { cpu: '2', memory: '1Gi' });
  });

  it('says what is wrong', () => {
    const at = 'spec.limits[0]';
    const item = (more: object, ...expected: string[]): Rule => [{ 'spec.limits': [more] }, ...expected];
    const of = (more: object, ...expected: string[]): Rule => item({ type: 'Container', ...more }, ...expected);
    checkRules(good, defaultLimitRange, validateLimitRange, [
      item({ type: 'Thing' }, `${at}.type: Invalid value: "Thing": must be a standard limit type or fully qualified`),
      item(
        { type: 'Pod', default: { cpu: '1' }, defaultRequest: { cpu: '1' } },
        `${at}.default: Forbidden: may not be specified when \`type\` is 'Pod'`,
        `${at}.defaultRequest: Forbidden: may not be specified when \`type\` is 'Pod'`,
      ),
      item(
        { type: 'PersistentVolumeClaim' },
        `${at}.limits: Required value: either minimum or maximum storage value is required, but neither was provided`,
      ),
      [{ 'spec.limits': [{ type: 'Pod' }, { type: 'Pod' }] }, 'spec.limits[1].type: Duplicate value: "Pod"'],
      of(
        { min: { cpu: '3' }, max: { cpu: '2' } },
        `${at}.min[cpu]: Invalid value: "3": min value 3 is greater than max value 2`,
        `${at}.defaultRequest[cpu]: Invalid value: "2": min value 3 is greater than default request value 2`,
        `${at}.default[cpu]: Invalid value: "3": min value 3 is greater than default value 2`,
      ),
      of(
        { defaultRequest: { cpu: '3' }, max: { cpu: '2' } },
        `${at}.defaultRequest[cpu]: Invalid value: "3": default request value 3 is greater than max value 2`,
        `${at}.defaultRequest[cpu]: Invalid value: "3": default request value 3 is greater than default limit value 2`,
      ),
      of(
        { default: { cpu: '3' }, max: { cpu: '2' }, defaultRequest: { cpu: '1' } },
        `${at}.default[cpu]: Invalid value: "2": default value 3 is greater than max value 2`,
      ),
      item(
        { type: 'Pod', maxLimitRequestRatio: { cpu: '500m' } },
        `${at}.maxLimitRequestRatio[cpu]: Invalid value: "500m": ratio 500m is less than 1`,
      ),
      item(
        { type: 'Pod', maxLimitRequestRatio: { cpu: '4' }, min: { cpu: '1' }, max: { cpu: '2' } },
        `${at}.maxLimitRequestRatio[cpu]: Invalid value: "4": ratio 4 is greater than max/min = 2.000000`,
      ),
      of(
        { default: { 'a.io/gpu': '2' }, defaultRequest: { 'a.io/gpu': '1' } },
        `${at}.defaultRequest[a.io/gpu]: Invalid value: "1": default value 2 must equal to defaultRequest value 1 in a.io/gpu`,
      ),
      item(
        { type: 'Pod', max: { storage: '1Gi' } },
        `${at}.max[storage]: Invalid value: "storage": must be a standard resource for containers`,
      ),
    ]);
  });
});

describe('validation of resource quotas', () => {
  const good = { metadata, spec: { hard: { pods: '10' } } } as unknown as ResourceQuota;

  it('says what is wrong', () => {
    const hard = 'spec.hard';
    const selector = (...matchExpressions: object[]): Record<string, unknown> => ({
      'spec.scopeSelector': { matchExpressions },
    });
    const at = 'spec.scopeSelector.matchExpressions';
    checkRules(good, defaultResourceQuota, validateResourceQuota, [
      [{ 'spec.hard': { 'count/deployments.apps': '1', 'requests.a.io/gpu': '4', 'requests.cpu': '1500m' } }],
      [{ 'spec.hard': { pods: '-1' } }, `${hard}[pods]: Invalid value: "-1": ${NEGATIVE}`],
      [{ 'spec.hard': { pods: '500m' } }, `${hard}[pods]: Invalid value: "500m": must be an integer`],
      [
        { 'spec.hard': { things: '1' } },
        `${hard}[things]: Invalid value: "things": must be a standard resource type or fully qualified`,
        `${hard}[things]: Invalid value: "things": must be a standard resource for quota`,
      ],
      [{ 'spec.scopes': ['Odd'] }, 'spec.scopes: Invalid value: ["Odd"]: unsupported scope'],
      [
        { 'spec.scopes': ['BestEffort', 'NotBestEffort'] },
        'spec.scopes: Invalid value: ["BestEffort","NotBestEffort"]: conflicting scopes',
      ],
      [
        { 'spec.scopes': ['BestEffort'], 'spec.hard': { cpu: '1' } },
        'spec.scopes: Invalid value: ["BestEffort"]: unsupported scope applied to resource',
      ],
      [selector({ scopeName: 'PriorityClass', operator: 'In', values: ['high'] })],
      [
        selector({ scopeName: 'PriorityClass', operator: 'In' }),
        `${at}.values: Required value: must be at least one value when \`operator\` is 'In' or 'NotIn' for scope selector`,
      ],
      [
        selector({ scopeName: 'PriorityClass', operator: 'Exists', values: ['a'] }),
        `${at}.values: Invalid value: ["a"]: must be no value when \`operator\` is 'Exist' or 'DoesNotExist' for scope selector`,
      ],
      [
        selector({ scopeName: 'Terminating', operator: 'DoesNotExist' }),
        `${at}.operator: Invalid value: "DoesNotExist": must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity`,
      ],
      [
        selector({ scopeName: 'PriorityClass', operator: 'Is' }),
        `${at}.operator: Invalid value: "Is": not a valid selector operator`,
      ],
    ]);
    checkUpdateRules(good, defaultResourceQuota, validateResourceQuotaUpdate, [
      [{ 'spec.hard.pods': '11' }],
      [{ 'spec.scopes': ['Terminating'] }, 'spec.scopes: Invalid value: ["Terminating"]: field is immutable'],
    ]);
    assert.deepEqual(linesOf(validateResourceQuotaStatus({ status: { used: { pods: '1500m' } } })), [
      'status.used[pods]: Invalid value: "1500m": must be an integer',
    ]);
  });
});

describe('validation of disruption budgets', () => {
  const good = { metadata, spec: { selector: {} } } as unknown as PodDisruptionBudget;

  it('says what is wrong', () => {
    checkRules(good, defaultDisruptionBudget, validateDisruptionBudget, [
      [{ 'spec.minAvailable': '50%' }],
      [
        { 'spec.minAvailable': 1, 'spec.maxUnavailable': 1 },
        'spec: Invalid value: {"selector":{},"minAvailable":1,"maxUnavailable":1}: minAvailable and maxUnavailable cannot be both set',
      ],
      [{ 'spec.minAvailable': -1 }, `spec.minAvailable: Invalid value: -1: ${NEGATIVE}`],
      [{ 'spec.maxUnavailable': '101%' }, 'spec.maxUnavailable: Invalid value: "101%": must not be greater than 100%'],
      [
        { 'spec.maxUnavailable': 'many' },
        "spec.maxUnavailable: Invalid value: \"many\": a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
      ],
      [
        { 'spec.unhealthyPodEvictionPolicy': 'X' },
        'spec.unhealthyPodEvictionPolicy: Unsupported value: "X": supported values: "AlwaysAllow", "IfHealthyBudget"',
      ],
      [
        { 'spec.selector': { matchExpressions: [{ key: 'a', operator: 'In' }] } },
        "spec.selector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
      ],
    ]);
    const condition = {
      type: 'A',
      status: 'True',
      reason: 'R',
      message: '',
      lastTransitionTime: '2026-01-01T00:00:00Z',
    };
    const status = { disruptionsAllowed: 0, currentHealthy: -1, desiredHealthy: 0, expectedPods: 0 };
    const conditions = [condition, { ...condition, status: 'Maybe', reason: '1' }];
    const lines = linesOf(validateDisruptionBudgetStatus({ ...good, status: { ...status, conditions } }));
    assert.deepEqual(
      lines.map((line) => line.slice(0, 70)),
      [
        'status.conditions[1].type: Duplicate value: "A"',
        'status.conditions[1].status: Unsupported value: "Maybe": supported val',
        'status.conditions[1].reason: Invalid value: "1": a condition reason mu',
        'status.currentHealthy: Invalid value: -1: must be greater than or equa',
      ],
    );
  });
});
