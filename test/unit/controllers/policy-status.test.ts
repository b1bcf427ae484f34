import assert from 'node:assert/strict';
import { kinds } from '../../../api/kinds.ts';
import type { CustomResourceDefinition } from '../../../api/types/apiextensions.v1.ts';
import type { ValidatingAdmissionPolicy } from '../../../api/types/admissionregistration.v1.ts';
import { loadSchemaTable } from '../../../api/schema/table.ts';
import { kindTypes } from '../../../control-plane/admission/kind-types.ts';
import { PolicyStatusController } from '../../../control-plane/controllers/policy-status/policy-status.ts';
import { MapView } from '../../../lib/view.ts';
import { World } from './world.ts';

const RULE = { operations: ['*'], apiGroups: ['apps'], apiVersions: ['v1'], resources: ['deployments', 'replicasets'] };

function statusOf(spec: Partial<ValidatingAdmissionPolicy['spec']>): unknown {
  const world = new World();
  const definitions = new MapView<CustomResourceDefinition>();
  const typeOf = kindTypes({ table: loadSchemaTable(), definitions });
  const policy = {
    metadata: { name: 'p', uid: 'p', generation: 3 },
    spec: { matchConstraints: { resourceRules: [RULE] }, ...spec },
    status: { observedGeneration: 2, typeChecking: { expressionWarnings: [{ fieldRef: 'old', warning: 'old' }] } },
  };
  const registry = {
    kinds: () => world.kinds(),
    kindOf: (apiVersion: string, kind: string) => world.kindOf(apiVersion, kind),
    followKinds: () => () => {},
    resource: () => ({ view: { get: () => policy } }),
  };
  const controller = new PolicyStatusController({ registry: registry as never, typeOf });
  const [action] = controller.plan('p').actions;
  return action?.do === 'set-status' ? action.status : action;
}

describe('the status of admission policies', () => {
  it('says that nothing is wrong', () => {
    const validations = [
      {
        expression: 'object.spec.replicas > 1 && object.metadata.labels["a"] == "b" && params.data.x == "y"',
        messageExpression: '"has " + string(object.spec.template.spec.containers.size())',
      },
    ];
    const paramKind = { apiVersion: 'v1', kind: kinds.configmaps.kind };
    assert.deepEqual(statusOf({ validations, paramKind }), { observedGeneration: 3, typeChecking: {} });
  });

  it('says what is wrong, for each kind', () => {
    const variables = [{ name: 'spec', expression: 'object.spec' }];
    const validations = [{ expression: 'true' }, { expression: 'variables.spec.strategy.type == 1' }];
    const { typeChecking } = statusOf({ variables, validations }) as ValidatingAdmissionPolicy['status'];
    const warnings = typeChecking?.expressionWarnings ?? [];
    assert.deepEqual(
      warnings.map(({ fieldRef }) => fieldRef),
      ['spec.validations[1].expression'],
    );
    const text = warnings[0]?.warning ?? '';
    assert.match(
      text,
      /^apps\/v1, Kind=Deployment: ERROR: <input>:1:30: found no matching overload for '_==_' applied to '\(string, int\)'\n \| /,
    );
    assert.match(text, /apps\/v1, Kind=ReplicaSet: ERROR: <input>:1:15: undefined field 'strategy'/);
  });
});
