/** scheduling, node, flowcontrol, apiregistration. */
import { EVERYBODY, MANDATORY_FLOW_SCHEMAS } from '../../../api/validation/flowcontrol/mandatory.ts';
import { kinds } from '../../../api/kinds.ts';
import { apiregistrationStrategies } from '../../../control-plane/registry/strategies/groups/apiregistration.ts';
import { flowcontrolStrategies } from '../../../control-plane/registry/strategies/groups/flowcontrol.ts';
import { nodeStrategies } from '../../../control-plane/registry/strategies/groups/node.ts';
import { schedulingStrategies } from '../../../control-plane/registry/strategies/groups/scheduling.ts';
import type { Strategy } from '../../../control-plane/registry/strategy.ts';
import { onCreate, onStatus, onUpdate, type Table } from './rules.ts';

const strategies = {
  ...schedulingStrategies,
  ...nodeStrategies,
  ...flowcontrolStrategies,
  ...apiregistrationStrategies,
};

const table = (key: keyof typeof strategies, base: object): Table => ({
  kind: kinds[key],
  strategy: strategies[key] as Strategy as Table['strategy'],
  base,
});

describe('validation of scheduling.k8s.io', () => {
  const priority = table('priorityclasses', { value: 10 });
  const reserved =
    "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: ";
  onCreate(priority, [
    [{ value: 1_000_000_001 }, 'value: Forbidden: maximum allowed value of a user defined priority is 1000000000'],
    [
      { preemptionPolicy: 'Some' },
      'preemptionPolicy: Unsupported value: "Some": supported values: "PreemptLowerPriority", "Never"',
    ],
    [{ 'metadata.name': 'system-x' }, `${reserved}system-x is not a known system priority class`],
    [
      { 'metadata.name': 'system-node-critical' },
      `${reserved}value of system-node-critical PriorityClass must be 2000001000`,
    ],
    [{ 'metadata.name': 'system-node-critical', value: 2_000_001_000 }],
    [
      { 'metadata.name': 'system-node-critical', value: 2_000_001_000, globalDefault: true },
      `${reserved}globalDefault of system-node-critical PriorityClass must be false`,
    ],
  ]);
  onUpdate(priority, [
    [{ description: 'new' }],
    [{ value: 11 }, 'value: Forbidden: may not be changed in an update.'],
    [{ preemptionPolicy: 'Never' }, 'preemptionPolicy: Invalid value: "Never": field is immutable'],
  ]);
});

describe('validation of node.k8s.io', () => {
  const runtime = table('runtimeclasses', { handler: 'runsc' });
  const toleration = { key: 'a', operator: 'Exists' };
  onCreate(runtime, [
    [{ handler: 'a.b' }, 'handler: Invalid value: "a.b": must not contain dots'],
    [
      { overhead: { podFixed: { cpu: '-1' } } },
      'overhead.limits[cpu]: Invalid value: "-1": must be greater than or equal to 0',
    ],
    [
      { scheduling: { tolerations: [toleration, toleration] } },
      'scheduling.tolerations[1]: Duplicate value: {"key":"a","operator":"Exists"}',
    ],
  ]);
  onUpdate(runtime, [[{ handler: 'kata' }, 'handler: Invalid value: "kata": field is immutable']]);
});

describe('validation of flowcontrol.apiserver.k8s.io', () => {
  const rule = {
    subjects: EVERYBODY,
    resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], namespaces: ['*'] }],
  };
  const schema = table('flowschemas', {
    spec: { priorityLevelConfiguration: { name: 'global-default' }, rules: [rule] },
  });
  const subject = 'spec.rules.0.subjects.0';
  const resources = 'spec.rules.0.resourceRules.0';
  onCreate(schema, [
    [{ 'spec.matchingPrecedence': -1 }, 'spec.matchingPrecedence: Invalid value: -1: must be a positive value'],
    [
      { 'spec.matchingPrecedence': 10001 },
      'spec.matchingPrecedence: Invalid value: 10001: must not be greater than 10000',
    ],
    [
      { 'spec.matchingPrecedence': 1 },
      "spec.matchingPrecedence: Invalid value: 1: only the schema named 'exempt' may have matchingPrecedence 1",
    ],
    [
      { 'spec.distinguisherMethod': { type: 'x' } },
      'spec.distinguisherMethod.type: Unsupported value: {"type":"x"}: supported values: "ByNamespace", "ByUser"',
    ],
    [
      { 'spec.priorityLevelConfiguration': {} },
      'spec.priorityLevelConfiguration.name: Required value: must reference a priority level',
    ],
    [
      { 'spec.rules.0.subjects': [] },
      'spec.rules[0].subjects: Required value: subjects must contain at least one value',
    ],
    [
      { 'spec.rules.0.resourceRules': [] },
      'spec.rules[0]: Required value: at least one of resourceRules and nonResourceRules has to be non-empty',
    ],
    [
      { [subject]: { kind: 'Robot' } },
      'spec.rules[0].subjects[0].kind: Unsupported value: "Robot": supported values: "Group", "ServiceAccount", "User"',
    ],
    [
      { [subject]: { kind: 'User' } },
      "spec.rules[0].subjects[0].user: Required value: user is required when subject kind is 'User'",
    ],
    [
      { [`${subject}.user`]: { name: 'a' } },
      "spec.rules[0].subjects[0].user: Forbidden: user is forbidden when subject kind is not 'User'",
    ],
    [
      { [subject]: { kind: 'ServiceAccount', serviceAccount: { name: '*' } } },
      'spec.rules[0].subjects[0].serviceAccount.namespace: Required value: must specify namespace for service account',
    ],
    [
      { [`${resources}.verbs`]: [] },
      'spec.rules[0].resourceRules[0].verbs: Required value: verbs must contain at least one value',
    ],
    [
      { [`${resources}.verbs`]: ['*', 'get'] },
      `spec.rules[0].resourceRules[0].verbs: Invalid value: ["*","get"]: if '*' is present, must not specify other verbs`,
    ],
    [
      { [`${resources}.verbs`]: ['eat'] },
      'spec.rules[0].resourceRules[0].verbs: Unsupported value: ["eat"]: supported values: "create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch"',
    ],
    [
      { [`${resources}.apiGroups`]: [] },
      'spec.rules[0].resourceRules[0].apiGroups: Required value: resource rules must supply at least one api group',
    ],
    [
      { [`${resources}.namespaces`]: [] },
      'spec.rules[0].resourceRules[0].namespaces: Required value: resource rules that are not cluster scoped must supply at least one namespace',
    ],
    [
      { 'spec.rules.0.nonResourceRules': [{ verbs: ['get'], nonResourceURLs: ['/a*'] }] },
      'spec.rules[0].nonResourceRules[0].nonResourceURLs[0]: Invalid value: "/a*": wildcard can only do suffix matching',
    ],
    [
      { 'spec.rules.0.nonResourceRules': [{ verbs: ['get'], nonResourceURLs: ['a'] }] },
      'spec.rules[0].nonResourceRules[0].nonResourceURLs[0]: Invalid value: "a": must start with slash',
    ],
    [{ 'metadata.name': 'exempt', spec: MANDATORY_FLOW_SCHEMAS.get('exempt') }],
  ]);
  onStatus(schema, [
    [{ 'status.conditions': [{ type: 'Dangling', status: 'True' }] }],
    [{ 'status.conditions': [{ type: 'a' }, { type: 'a' }] }, 'status.conditions[1].type: Duplicate value: "a"'],
    [{ 'status.conditions': [{}] }, 'status.conditions[0].type: Required value: must not be empty'],
  ]);

  const level = table('prioritylevelconfigurations', {
    spec: { type: 'Limited', limited: { limitResponse: { type: 'Queue', queuing: {} } } },
  });
  const queuing = 'spec.limited.limitResponse.queuing';
  onCreate(level, [
    [
      { 'metadata.name': 'exempt' },
      "spec.type: Invalid value: \"Limited\": type must be 'Exempt' if and only if name is 'exempt'",
    ],
    [{ 'spec.limited': undefined }, 'spec.limited: Required value: must not be empty when type is Limited'],
    [{ 'spec.exempt': {} }, 'spec.exempt: Forbidden: must be nil if the type is Limited'],
    [{ 'spec.type': 'Some' }, 'spec.type: Unsupported value: "Some": supported values: "Exempt", "Limited"'],
    [
      { 'spec.limited.nominalConcurrencyShares': -1 },
      'spec.limited.nominalConcurrencyShares: Invalid value: -1: must be a non-negative integer',
    ],
    [
      { 'spec.limited.lendablePercent': 101 },
      'spec.limited.lendablePercent: Invalid value: 101: must be between 0 and 100, inclusive',
    ],
    [
      { 'spec.limited.borrowingLimitPercent': -1 },
      'spec.limited.borrowingLimitPercent: Invalid value: -1: if specified, must be a non-negative integer',
    ],
    [
      { 'spec.limited.limitResponse.type': 'Reject' },
      'spec.limited.limitResponse.queuing: Forbidden: must be nil if limited.limitResponse.type is not Limited',
    ],
    [
      { [queuing]: undefined },
      'spec.limited.limitResponse.queuing: Required value: must not be empty if limited.limitResponse.type is Limited',
    ],
    [
      { [`${queuing}.queues`]: -1 },
      `${queuing}.queues: Invalid value: -1: must be positive`,
      `${queuing}.handSize: Invalid value: 8: should not be greater than queues (-1)`,
    ],
    [
      { [`${queuing}.queues`]: 1000 },
      `${queuing}.handSize: Invalid value: 8: required entropy bits of deckSize 1000 and handSize 8 should not be greater than 60`,
    ],
    [
      { 'metadata.name': 'catch-all', 'spec.limited': { limitResponse: { type: 'Reject' } } },
      'spec: Invalid value: {"type":"Limited","limited":{"limitResponse":{"type":"Reject"},"nominalConcurrencyShares":30,"lendablePercent":0}}: spec of \'catch-all\' must equal the fixed value',
    ],
  ]);
});

describe('validation of apiregistration.k8s.io', () => {
  const spec = { group: 'a.example', version: 'v1', groupPriorityMinimum: 100, versionPriority: 10 };
  const service = { namespace: 'n', name: 's' };
  const api = table('apiservices', { metadata: { name: 'v1.a.example' }, spec: { ...spec, service } });
  onCreate(api, [
    [
      { 'metadata.name': 'x' },
      'metadata.name: Invalid value: "x": must be `spec.version+"."+spec.group`: "v1.a.example"',
    ],
    [
      { 'spec.groupPriorityMinimum': 20001 },
      'spec.groupPriorityMinimum: Invalid value: 20001: must be positive and less than 20000',
    ],
    [{ 'spec.versionPriority': 0 }, 'spec.versionPriority: Invalid value: 0: must be positive and less than 1000'],
    [{ 'spec.service.name': '' }, 'spec.service.name: Required value'],
    [
      { 'spec.service.port': -1 },
      'spec.service.port: Invalid value: -1: port is not valid: must be between 1 and 65535, inclusive',
    ],
    [
      { 'spec.insecureSkipTLSVerify': true, 'spec.caBundle': 'YQ==' },
      'spec.insecureSkipTLSVerify: Invalid value: true: may not be true if caBundle is present',
    ],
    [
      { 'spec.service': undefined, 'spec.caBundle': 'YQ==' },
      'spec.caBundle: Invalid value: "1 bytes": local APIServices may not have a caBundle',
    ],
  ]);
  onStatus(api, [
    [
      { 'status.conditions': [{ type: 'Available', status: 'No' }] },
      'status.conditions[0].status: Unsupported value: "No": supported values: "True", "False", "Unknown"',
    ],
  ]);
});
