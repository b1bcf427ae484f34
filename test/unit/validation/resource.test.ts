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
      {
        [`${request}.exactly.selectors`]: [
          { cel: { expression: 'device.driver == "d.example" && device.attributes["d.example"].model == "x"' } },
          { cel: { expression: 'device.capacity["d.example"].memory.isGreaterThan(quantity("1Gi"))' } },
          { cel: { expression: 'device.attributes["d.example"].isGood' } },
        ],
      },
    ],
    [
      { [`${request}.exactly.selectors`]: [{ cel: { expression: 'device.driver' } }] },
      `${at}.exactly.selectors[0].cel.expression: Invalid value: "device.driver": must evaluate to bool or the unknown type, not string`,
    ],
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
      {
        'status.allocation': { devices: { results: [{ ...result, bindingConditions: ['a', 'a'], shareID: 'X' }] } },
      },
      'status.allocation.devices.results[0].shareID: Invalid value: "X": uid must be in RFC 4122 normalized form, ' +
        '`xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` with lowercase hexadecimal characters',
      'status.allocation.devices.results[0].bindingConditions[1]: Duplicate value: "a"',
      'status.allocation.devices.results[0].bindingFailureConditions: Invalid value: null: bindingFailureConditions are required to use bindingConditions',
    ],
    [
      {
        'status.allocation': allocation,
        'status.devices': [
          {
            driver: 'd.example',
            pool: 'p',
            device: 'x',
            data: { kind: 'X' },
            conditions: [
              { type: 'Ready', status: 'Maybe', reason: 'R', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' },
            ],
            networkData: {
              interfaceName: 'e'.repeat(257),
              hardwareAddress: '0'.repeat(129),
              ips: ['10.1.2.3/24', '10.1.2.3', 'FD00::1/64'],
            },
          },
        ],
      },
      'status.devices[0].conditions[0].status: Unsupported value: "Maybe": supported values: "False", "True", "Unknown"',
      'status.devices[0].networkData.interfaceName: Too long: may not be more than 256 bytes',
      'status.devices[0].networkData.hardwareAddress: Too long: may not be more than 128 bytes',
      'status.devices[0].networkData.ips[1]: Invalid value: "10.1.2.3": must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)',
      'status.devices[0].networkData.ips[2]: Invalid value: "FD00::1/64": must be in canonical form ("fd00::1/64")',
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
  const policy = 'spec.devices[0].capacity[memory].requestPolicy';
  const shared = (requestPolicy: object): Record<string, unknown> => ({
    'spec.devices.0.allowMultipleAllocations': true,
    'spec.devices.0.capacity': { memory: { value: '4Gi', requestPolicy } },
  });
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
    [{ 'spec.devices.0.attributes': { a: { version: '1.2.3-0a.1+01' } } }],
    [
      { 'spec.devices.0.attributes': { a: { version: `1.2.3-${'a'.repeat(60)}` } } },
      'spec.devices[0].attributes[a].version: Too long: may not be more than 64 bytes',
    ],
    [
      { 'spec.devices.0.attributes': { a: { version: '1.2.3-01' } } },
      'spec.devices[0].attributes[a].version: Invalid value: "1.2.3-01": must be a string compatible with semver.org spec 2.0.0',
    ],
    [
      { 'spec.devices.0.bindingConditions': ['a'], 'spec.devices.0.bindingFailureConditions': ['a'] },
      'spec.devices[0].bindingFailureConditions[0]: Invalid value: "a": bindingFailureConditions must not overlap with bindingConditions',
    ],
    [
      { 'spec.devices.0.bindingFailureConditions': ['a', 'b', 'c', 'd', 'e'] },
      'spec.devices[0].bindingFailureConditions: Too many: 5: must have at most 4 items',
      'spec.devices[0].bindingConditions: Invalid value: null: bindingConditions are required to use bindingFailureConditions',
    ],
    [shared({ validValues: ['1Gi', '2Gi'], default: '2Gi' })],
    [
      shared({ validValues: ['1Gi'], validRange: {} }),
      `${policy}: Forbidden: exactly one policy can be specified, cannot specify "validValues" and "validRange" at the same time`,
    ],
    [shared({ validValues: ['1Gi'] }), `${policy}.default: Required value: required when validValues is defined`],
    [
      shared({ validValues: ['2Gi', '1Gi', '1Gi', '5Gi'], default: '3Gi' }),
      `${policy}.validValues[1]: Invalid value: "1Gi": values must be sorted in ascending order`,
      `${policy}.validValues[2]: Duplicate value: "1073741824"`,
      `${policy}.validValues[3]: Invalid value: "5Gi": option is larger than capacity value: 4Gi`,
      `${policy}.validValues: Invalid value: "3Gi": default value is not valid according to the requestPolicy`,
    ],
    [shared({ validRange: { min: '1Gi', max: '3Gi', step: '1Gi' }, default: '2Gi' })],
    [
      shared({ validRange: {}, default: '1Gi' }),
      `${policy}.validRange.min: Required value: required when validRange is defined`,
    ],
    [
      shared({ validRange: { min: '3Gi', max: '2Gi', step: '2Gi' }, default: '1Gi' }),
      `${policy}.validRange.min: Invalid value: "1Gi": default is less than min: 3Gi`,
      `${policy}.validRange.max: Invalid value: "3Gi": min is larger than max: 2Gi`,
      `${policy}.validRange.step: Invalid value: "2Gi": one step 5Gi is larger than capacity value: 4Gi`,
      `${policy}.validRange.step: Invalid value: "2Gi": value is not a multiple of a given step (2Gi) from (3Gi)`,
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
