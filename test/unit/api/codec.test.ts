import assert from 'node:assert/strict';
import fc from 'fast-check';
import { StatusError } from '../../../api/errors.ts';
import { parseJson } from '../../../api/machinery/body.ts';
import { Codec } from '../../../api/schema/codec.ts';
import type { FieldValidation } from '../../../api/schema/codec.ts';
import { SchemaDefaults } from '../../../api/schema/defaults.ts';
import { loadSchemaTable } from '../../../api/schema/table.ts';
import type { Deployment } from '../../../api/types/apps.v1.ts';
import type { ConfigMap, Pod, Secret, Service } from '../../../api/types/core.v1.ts';

const CORE = 'io.k8s.api.core.v1';
const DEPLOYMENT = 'io.k8s.api.apps.v1.Deployment';
const table = loadSchemaTable();
const codec = new Codec({ table });

function decode<T>(typeName: string, value: unknown, mode: FieldValidation = 'Strict'): T {
  return codec.decode<T>(typeName, value, mode).object;
}

function decodeText<T>(
  typeName: string,
  text: string,
  mode: FieldValidation = 'Strict',
): { object: T; warnings: string[] } {
  const { value, duplicates } = parseJson(Buffer.from(text));
  return codec.decode<T>(typeName, value, mode, duplicates);
}

function refuses(typeName: string, value: unknown, message: string): void {
  assert.throws(() => decode(typeName, value), { name: 'StatusError', code: 400, reason: 'BadRequest', message });
}

const deploymentError = (why: string): string => `Deployment in version "v1" cannot be handled as a Deployment: ${why}`;

describe('decoding', () => {
  it('writes what the API always writes, in its order', () => {
    const deployment = decode<Deployment>(DEPLOYMENT, {
      spec: {
        template: { spec: { containers: [{ image: 'i', name: 'c' }] } },
        selector: { matchLabels: { a: 'b' } },
      },
      kind: 'Deployment',
      metadata: { name: 'd' },
      apiVersion: 'apps/v1',
    });
    assert.equal(
      JSON.stringify(deployment),
      '{"kind":"Deployment","apiVersion":"apps/v1","metadata":{"name":"d"},"spec":{"selector":{"matchLabels":{"a":"b"}},' +
        '"template":{"metadata":{},"spec":{"containers":[{"name":"c","image":"i","resources":{}}]}},"strategy":{}},"status":{}}',
    );
  });

  it('drops empty values, but keeps those that a pointer makes explicit', () => {
    const pod = decode<Pod>(`${CORE}.Pod`, {
      metadata: { labels: {}, finalizers: [], annotations: null, generateName: '' },
      spec: {
        containers: null,
        terminationGracePeriodSeconds: 0,
        automountServiceAccountToken: false,
        hostNetwork: false,
        volumes: [{ name: 'v', emptyDir: {} }],
        nodeSelector: {},
      },
    });
    assert.deepEqual(pod.metadata, {});
    assert.deepEqual(pod.spec, {
      volumes: [{ name: 'v', emptyDir: {} }],
      containers: [],
      terminationGracePeriodSeconds: 0,
      automountServiceAccountToken: false,
    });
  });

  it('writes quantities, times and base64 canonically', () => {
    const pod = decode<Pod>(`${CORE}.Pod`, {
      metadata: { creationTimestamp: '2026-01-02T04:04:05+01:00' },
      spec: {
        containers: [{ name: 'c', resources: { limits: { cpu: 0.5, memory: '1024Mi' }, requests: { cpu: '1000m' } } }],
      },
    });
    assert.deepEqual(pod.spec.containers[0]?.resources, {
      limits: { cpu: '500m', memory: '1Gi' },
      requests: { cpu: '1' },
    });
    assert.equal(pod.metadata.creationTimestamp, '2026-01-02T03:04:05Z');
    assert.deepEqual(decode<Secret>(`${CORE}.Secret`, { data: { a: 'YWI\nj' } }).data, { a: 'YWIj' });
  });

  it('takes a port as a number or as text', () => {
    const ports = (targetPort: unknown): unknown =>
      decode<Service>(`${CORE}.Service`, { spec: { ports: [{ port: 80, targetPort }] } }).spec.ports;
    assert.deepEqual(ports('http'), [{ port: 80, targetPort: 'http' }]);
    assert.deepEqual(ports(8080), [{ port: 80, targetPort: 8080 }]);
    assert.deepEqual(ports(undefined), [{ port: 80 }]);
  });

  it('changes nothing when done again', () => {
    const value = decode(DEPLOYMENT, { spec: { replicas: 2, template: { spec: { containers: [{}] } } } });
    assert.equal(JSON.stringify(decode(DEPLOYMENT, value)), JSON.stringify(value));
  });

  it('keeps keys that have a meaning in JavaScript harmless', () => {
    const text =
      '{"metadata":{"__proto__":{"name":"evil"}},"data":{"__proto__":"p","constructor":"c"},"__proto__":{"immutable":true}}';
    const { object, warnings } = decodeText<ConfigMap>(`${CORE}.ConfigMap`, text, 'Warn');
    assert.equal(object.metadata.name, undefined);
    assert.equal(object.immutable, undefined);
    assert.equal(JSON.stringify(object.data), '{"__proto__":"p","constructor":"c"}');
    assert.deepEqual(warnings, ['unknown field "metadata.__proto__"', 'unknown field "__proto__"']);
  });

  describe('of wrong types is refused in the words of Kubernetes', () => {
    const pod = (spec: object): object => ({ spec: { template: { spec } } });
    const cases: [string, object, string][] = [
      [
        'text for a number',
        { spec: { replicas: 'x' } },
        'json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32',
      ],
      [
        'a fraction',
        { spec: { replicas: 1.5 } },
        'json: cannot unmarshal number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32',
      ],
      [
        'too large a number',
        { spec: { replicas: 2 ** 31 } },
        'json: cannot unmarshal number 2147483648 into Go struct field DeploymentSpec.spec.replicas of type int32',
      ],
      [
        'a number for text',
        { metadata: { labels: { a: 1 } } },
        'json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string',
      ],
      [
        'a list for a struct',
        { spec: [] },
        'json: cannot unmarshal array into Go struct field Deployment.spec of type v1.DeploymentSpec',
      ],
      [
        'a struct for a list',
        pod({ containers: {} }),
        'json: cannot unmarshal object into Go struct field PodSpec.spec.template.spec.containers of type []v1.Container',
      ],
      [
        'text in a list',
        pod({ containers: [{}, 'x'] }),
        'json: cannot unmarshal string into Go struct field PodSpec.spec.template.spec.containers of type v1.Container',
      ],
      [
        'a number for a constant',
        pod({ containers: [{ imagePullPolicy: 3 }] }),
        'json: cannot unmarshal number into Go struct field Container.spec.template.spec.containers.imagePullPolicy of type v1.PullPolicy',
      ],
      [
        'text for a truth',
        { spec: { paused: 'true' } },
        'json: cannot unmarshal string into Go struct field DeploymentSpec.spec.paused of type bool',
      ],
      [
        'a wrong quantity',
        pod({ containers: [{ resources: { limits: { cpu: 'x' } } }] }),
        "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
      ],
      [
        'a wrong time',
        { metadata: { creationTimestamp: 'now' } },
        'parsing time "now" as "2006-01-02T15:04:05Z07:00": cannot parse "now" as "2006"',
      ],
      [
        'a truth for a share',
        { spec: { strategy: { rollingUpdate: { maxSurge: true } } } },
        'json: cannot unmarshal bool into Go value of type int32',
      ],
    ];
    for (const [name, value, why] of cases) it(name, () => refuses(DEPLOYMENT, value, deploymentError(why)));

    it('base64', () => {
      refuses(
        `${CORE}.Secret`,
        { data: { a: 'a$==' } },
        'Secret in version "v1" cannot be handled as a Secret: illegal base64 data at input byte 1',
      );
    });

    it('no object at all', () => {
      refuses(DEPLOYMENT, [], deploymentError('json: cannot unmarshal array into Go value of type v1.Deployment'));
    });
  });

  describe('of fields that are unknown or stand twice', () => {
    const text =
      '{"metadata":{"name":"a","name":"b"},"spec":{"replicas":1,"replicas":2,"foo":{"x":1,"x":2},"template":{"spec":{"containers":[{"name":"c"},{"nme":"d","env":[],"env":null}]}}}}';
    const problems = [
      'unknown field "spec.foo"',
      'unknown field "spec.template.spec.containers[1].nme"',
      'duplicate field "metadata.name"',
      'duplicate field "spec.replicas"',
      'duplicate field "spec.template.spec.containers[1].env"',
    ];

    it('is refused when strict', () => {
      assert.throws(() => decodeText(DEPLOYMENT, text), {
        code: 400,
        message: deploymentError(`strict decoding error: ${problems.join(', ')}`),
      });
    });

    it('warns, and keeps the last', () => {
      const { object, warnings } = decodeText<Deployment>(DEPLOYMENT, text, 'Warn');
      assert.deepEqual(warnings, problems);
      assert.equal(object.metadata.name, 'b');
      assert.equal(object.spec.replicas, 2);
      assert.ok(!('foo' in object.spec));
    });

    it('is silent when told to ignore them', () => {
      assert.deepEqual(decodeText<Deployment>(DEPLOYMENT, text, 'Ignore').warnings, []);
    });
  });

  it('of any value throws nothing but StatusErrors', () => {
    const fields = [...new Set(['Pod', 'Service', 'Node'].flatMap((kind) => namesWithin(`${CORE}.${kind}`, 4)))];
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { maxDepth: 5 },
        fc.jsonValue(),
        fc.dictionary(fc.constantFrom(...fields), tie('any')),
        fc.array(tie('any'), { maxLength: 3 }),
      ),
    })).any;
    fc.assert(
      fc.property(value, fc.constantFrom('Pod', 'Service', 'Node', 'Secret'), (input, kind) => {
        try {
          const object = decode(`${CORE}.${kind}`, input, 'Warn');
          assert.equal(JSON.stringify(decode(`${CORE}.${kind}`, object)), JSON.stringify(object));
        } catch (error) {
          assert.ok(error instanceof StatusError, String(error));
        }
      }),
      { numRuns: 300 },
    );
  });

  it('gives every type a zero form that decodes to itself', () => {
    for (const typeName of table.typeNames()) {
      const zero = decode(typeName, {});
      assert.equal(JSON.stringify(decode(typeName, zero)), JSON.stringify(zero), typeName);
    }
  });
});

function namesWithin(typeName: string, depth: number): string[] {
  if (depth === 0 || !table.has(typeName)) return [];
  return table
    .fields(typeName)
    .flatMap((field) => [field.name, ...namesWithin(field.ref ?? field.list?.ref ?? '', depth - 1)]);
}

describe('defaults that the types declare', () => {
  const defaults = new SchemaDefaults({ table });

  it('are filled in where nothing was given', () => {
    const pod = decode<Pod>(`${CORE}.Pod`, {
      spec: {
        containers: [
          {
            name: 'c',
            ports: [{ containerPort: 1 }, { containerPort: 2, protocol: 'UDP' }],
            livenessProbe: { grpc: { port: 3 } },
          },
        ],
        volumes: [{ name: 'v', azureDisk: { diskName: 'd', diskURI: 'u', kind: 'Dedicated' } }],
      },
    });
    defaults.apply(`${CORE}.Pod`, pod);
    const [container] = pod.spec.containers;
    assert.deepEqual(
      container?.ports?.map(({ protocol }) => protocol),
      ['TCP', 'UDP'],
    );
    assert.deepEqual(container?.livenessProbe?.grpc, { port: 3, service: '' });
    assert.deepEqual(pod.spec.volumes?.[0]?.azureDisk, {
      diskName: 'd',
      diskURI: 'u',
      cachingMode: 'ReadWrite',
      fsType: 'ext4',
      readOnly: false,
      kind: 'Dedicated',
    });
  });
});
