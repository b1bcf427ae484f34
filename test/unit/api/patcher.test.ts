import assert from 'node:assert/strict';
import { parseJson } from '../../../api/machinery/body.ts';
import { Patcher, PATCH_TYPES } from '../../../api/patch/patcher.ts';
import { StrategicMerge } from '../../../api/patch/strategic.ts';
import { Codec } from '../../../api/schema/codec.ts';
import type { FieldValidation } from '../../../api/schema/codec.ts';
import { loadSchemaTable } from '../../../api/schema/table.ts';
import type { Deployment } from '../../../api/types/apps.v1.ts';

const DEPLOYMENT = 'io.k8s.api.apps.v1.Deployment';
const table = loadSchemaTable();
const codec = new Codec({ table });
const patcher = new Patcher({ codec, strategic: new StrategicMerge({ table }) });
const { object: original } = codec.decode<Deployment>(
  DEPLOYMENT,
  {
    metadata: { name: 'd' },
    spec: { replicas: 1, template: { spec: { containers: [{ name: 'a', image: '1' }, { name: 'b' }] } } },
  },
  'Strict',
);

function patch(
  type: string,
  text: string,
  mode: FieldValidation = 'Strict',
): { object: Deployment; warnings: string[] } {
  return patcher.apply(DEPLOYMENT, type, original, parseJson(Buffer.from(text)), mode);
}

describe('a PATCH request', () => {
  it('may be of three types', () => {
    assert.equal(
      patch(PATCH_TYPES.json, '[{"op":"replace","path":"/spec/replicas","value":2}]').object.spec.replicas,
      2,
    );
    assert.equal(patch(PATCH_TYPES.merge, '{"spec":{"replicas":3}}').object.spec.replicas, 3);
    const { object } = patch(
      PATCH_TYPES.strategic,
      '{"spec":{"template":{"spec":{"containers":[{"name":"a","image":"2"}]}}}}',
    );
    assert.deepEqual(
      object.spec.template.spec.containers.map(({ name, image }) => [name, image]),
      [
        ['a', '2'],
        ['b', undefined],
      ],
    );
    assert.throws(() => patch('application/apply-patch+yaml', '{}'), { code: 415 });
  });

  it('that makes no such object is invalid', () => {
    assert.throws(
      () => patch(PATCH_TYPES.merge, '{"spec":{"replicas":"x"}}'),
      (error: Error) => {
        assert.match(
          error.message,
          /^ "" is invalid: patch: Invalid value: "\{.*\}": json: cannot unmarshal string into Go struct field DeploymentSpec\.spec\.replicas of type int32$/,
        );
        return true;
      },
    );
    assert.throws(() => patch(PATCH_TYPES.json, '[{"op":"replace","path":"","value":[]}]'), { code: 422 });
  });

  it('is as strict as asked about unknown and doubled fields', () => {
    const text = '{"spec":{"replicas":1,"replicas":2,"foo":1}}';
    assert.throws(
      () => patch(PATCH_TYPES.merge, text),
      /strict decoding error: unknown field "spec.foo", duplicate field "spec.replicas"$/,
    );
    assert.deepEqual(patch(PATCH_TYPES.strategic, text, 'Warn').warnings, [
      'unknown field "spec.foo"',
      'duplicate field "spec.replicas"',
    ]);
    assert.deepEqual(patch(PATCH_TYPES.strategic, text, 'Ignore').warnings, []);
  });
});
