import { kinds } from '../../../api/kinds.ts';
import { resourceStrategies } from '../../../control-plane/registry/strategies/groups/resource.ts';
import type { Strategy } from '../../../control-plane/registry/strategy.ts';
import { onCreate, onStatus, onUpdate, type Table } from './rules.ts';

const table = (key: keyof typeof resourceStrategies, spec: object): Table => ({
  kind: kinds[key],
  strategy: resourceStrategies[key] as Strategy as Table['strategy'],
  base: { spec },
});

describe('validation of resource.k8s.io', () => {
  const exactly = { deviceClassName: 'gpu' };
  const claim = table('resourceclaims', { devices: { requests: [{ name: 'a', exactly }] } });
  const request = 'spec.devices.requests.0';
  const at = 'spec.devices.requests[0]';
  const wrongName =
    "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'";

  onCreate(claim, [
    [
      { [`${request}.exactly`]: undefined },
      `${at}: Required value: exactly one of \`exactly\` or \`firstAvailable\` is required`,
    ],
    [
      { [`${request}.firstAvailable`]: [{ name: 'b', deviceClassName: 'gpu' }] },
      `${at}: Invalid value: null: exactly one of \`exactly\` or \`firstAvailable\` is required, but multiple fields are set`,
    ],
    [{ [`${request}.exactly.deviceClassName`]: '' }, `${at}.exactly.deviceClassName: Required value`],
    [{ [`${request}.exactly.count`]: -1 }, `${at}.exactly.count: Invalid value: -1: must be greater than zero`],
    [
      { [`${request}.exactly.allocationMode`]: 'All', [`${request}.exactly.count`]: 2 },
      `${at}.exactly.count: Invalid value: 2: must not be specified when allocationMode is 'All'`,
    ],
    [
      { [`${request}.exactly.allocationMode`]: 'Some' },
      `${at}.exactly.allocationMode: Unsupported value: "Some": supported values: "All", "ExactCount"`,
    ],
    [{ [`${request}.exactly.selectors`]: [{}] }, `${at}.exactly.selectors[0].cel: Required value`],
    [
      { [`${request}.exactly.tolerations`]: [{ operator: 'Exists', value: 'x' }] },
      `${at}.exactly.tolerations[0].value: Invalid value: "x": must be empty for operator \`Exists\``,
    ],
    [{ 'spec.devices.requests.1': { name: 'a', exactly } }, 'spec.devices.requests[1]: Duplicate value: "a"'],
    [
      { 'spec.devices.constraints': [{ requests: ['b'], matchAttribute: 'model' }] },
      `spec.devices.constraints[0].requests[0]: Invalid value: "b": ${wrongName}`,
      'spec.devices.constraints[0].matchAttribute: Invalid value: "model": must include a domain',
    ],
    [{ 'spec.devices.config': [{}] }, 'spec.devices.config[0].opaque: Required value'],
    [
      { 'spec.devices.requests': Array.from({ length: 33 }, (_, index) => ({ name: `r${index}`, exactly })) },
      'spec.devices.requests: Too many: 33: must have at most 32 items',
    ],
  ]);
  onUpdate(claim, [
    [{ 'spec.devices.requests': [] }, 'spec: Invalid value: {"devices":{"requests":[]}}: field is immutable'],
  ]);

  const result = { request: 'a', driver: 'd.example', pool: 'p', device: 'x' };
  const allocation = { devices: { results: [result] } };
  const consumer = { resource: 'pods', name: 'p', uid: '1' };
  onStatus(claim, [
    [{ 'status.allocation': allocation, 'status.reservedFor': [consumer] }],
    [
      { 'status.reservedFor': [consumer] },
      'status.reservedFor: Forbidden: may not be specified when `allocated` is not set',
    ],
    [
      { 'status.allocation': { devices: { results: [{ ...result, request: 'b' }] } } },
      `status.allocation.devices.results[0].request: Invalid value: "b": ${wrongName}`,
    ],
    [
      { 'status.allocation': allocation, 'status.reservedFor': [consumer, consumer] },
      'status.reservedFor[1]: Duplicate value: "1"',
    ],
    [
      { 'status.devices': [{ driver: 'd.example', pool: 'p', device: 'x' }] },
      'status.devices[0]: Invalid value: "d.example/p/x": must be an allocated device in the claim',
    ],
  ]);

  const deviceClass = table('deviceclasses', {});
  onCreate(deviceClass, [
    [{ 'spec.extendedResourceName': 'example.com/gpu' }],
    [
      { 'spec.extendedResourceName': 'cpu' },
      'spec.extendedResourceName: Invalid value: "cpu": must be a valid extended resource name',
    ],
  ]);

  const pool = { name: 'p', generation: 1, resourceSliceCount: 1 };
  const slice = table('resourceslices', { driver: 'd.example', pool, nodeName: 'n1', devices: [{ name: 'x' }] });
  const nodes = 'exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required';
  onCreate(slice, [
    [{ 'spec.nodeName': undefined }, `spec: Required value: ${nodes}`],
    [
      { 'spec.nodeName': '' },
      'spec.nodeName: Invalid value: "": must be either unset or set to a non-empty string',
      `spec: Required value: ${nodes}`,
    ],
    [
      { 'spec.allNodes': true },
      `spec: Invalid value: "{\`nodeName\`, \`allNodes\`}": ${nodes}, but multiple fields are set`,
    ],
    [
      { 'spec.pool.resourceSliceCount': 0 },
      'spec.pool.resourceSliceCount: Invalid value: 0: must be greater than zero',
    ],
    [
      { 'spec.devices.0.attributes': { a: {} } },
      'spec.devices[0].attributes[a]: Invalid value: "": exactly one value must be specified',
    ],
    [
      { 'spec.devices.0.attributes': { a: { version: '1' } } },
      'spec.devices[0].attributes[a].version: Invalid value: "1": must be a string compatible with semver.org spec 2.0.0',
    ],
    [
      { 'spec.devices.0.capacity': { a: { value: '1', requestPolicy: {} } } },
      'spec.devices[0].capacity[a].requestPolicy: Forbidden: allowMultipleAllocations must be true',
    ],
    [{ 'spec.devices.1': { name: 'x' } }, 'spec.devices[1]: Duplicate value: "x"'],
    [{ 'spec.sharedCounters': [] }, 'spec: Invalid value: "": only one of `sharedCounters` or `devices` is allowed'],
  ]);
  onUpdate(slice, [
    [{ 'spec.devices': [] }],
    [{ 'spec.nodeName': 'n2' }, 'spec.nodeName: Invalid value: "n2": field is immutable'],
    [{ 'spec.pool.name': 'q' }, 'spec.pool.name: Invalid value: "q": field is immutable'],
  ]);
});
