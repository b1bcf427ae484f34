import assert from 'node:assert/strict';
import {
  defaultMutatingWebhooks,
  defaultPolicy,
  defaultValidatingWebhooks,
} from '../../../api/defaults/admissionregistration.ts';
import type {
  MutatingWebhookConfiguration,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  ValidatingWebhook,
  ValidatingWebhookConfiguration,
} from '../../../api/types/admissionregistration.v1.ts';
import { validatePolicy, validatePolicyBinding } from '../../../api/validation/admission/policies.ts';
import { validateWebhookConfiguration } from '../../../api/validation/admission/webhooks.ts';

function configuration(change: Partial<ValidatingWebhook> = {}): ValidatingWebhookConfiguration {
  const webhook: ValidatingWebhook = {
    name: 'deny.example.com',
    clientConfig: { url: 'https://example.com/deny' },
    rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }],
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
    ...change,
  };
  const made = { metadata: { name: 'deny' }, webhooks: [webhook] } as ValidatingWebhookConfiguration;
  defaultValidatingWebhooks(made);
  return made;
}

function policy(change: Partial<ValidatingAdmissionPolicy['spec']> = {}): ValidatingAdmissionPolicy {
  const made = {
    metadata: { name: 'p' },
    spec: {
      matchConstraints: {
        resourceRules: [{ operations: ['*'], apiGroups: ['apps'], apiVersions: ['v1'], resources: ['deployments'] }],
      },
      validations: [{ expression: 'object.spec.replicas <= 5' }],
      ...change,
    },
  } as ValidatingAdmissionPolicy;
  defaultPolicy(made);
  return made;
}

function binding(change: Partial<ValidatingAdmissionPolicyBinding['spec']> = {}): ValidatingAdmissionPolicyBinding {
  const spec = { policyName: 'p', validationActions: ['Deny'], ...change };
  return { metadata: { name: 'b' }, spec } as ValidatingAdmissionPolicyBinding;
}

function texts(errors: readonly { field: string; message: string }[]): string[] {
  return errors.map(({ field, message }) => `${field}: ${message}`);
}

describe('webhook configurations', () => {
  it('are completed as Kubernetes completes them', () => {
    assert.deepEqual(configuration({ clientConfig: { service: { namespace: 'n', name: 's' } } }).webhooks?.[0], {
      name: 'deny.example.com',
      clientConfig: { service: { namespace: 'n', name: 's', port: 443 } },
      rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'], scope: '*' }],
      sideEffects: 'None',
      admissionReviewVersions: ['v1'],
      failurePolicy: 'Fail',
      matchPolicy: 'Equivalent',
      namespaceSelector: {},
      objectSelector: {},
      timeoutSeconds: 10,
    });
    const mutating = { metadata: {}, webhooks: [{ clientConfig: {} }] } as unknown as MutatingWebhookConfiguration;
    defaultMutatingWebhooks(mutating);
    assert.equal(mutating.webhooks?.[0]?.reinvocationPolicy, 'Never');
  });

  it('are valid when complete', () => {
    assert.deepEqual(texts(validateWebhookConfiguration(configuration())), []);
  });

  it('are refused in the words of Kubernetes', () => {
    const cases: [Partial<ValidatingWebhook>, string][] = [
      [
        { name: 'a.b' },
        'name: Invalid value: "a.b": should be a domain with at least three segments separated by dots',
      ],
      [{ sideEffects: 'Some' }, 'sideEffects: Unsupported value: "Some": supported values: "None", "NoneOnDryRun"'],
      [{ timeoutSeconds: 31 }, 'timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds'],
      [{ admissionReviewVersions: [] }, 'admissionReviewVersions: Required value: must specify one of v1, v1beta1'],
      [{ clientConfig: {} }, 'clientConfig: Required value: exactly one of url or service is required'],
      [
        { clientConfig: { url: 'http://example.com' } },
        `clientConfig.url: Invalid value: "http": 'https' is the only allowed URL scheme; desired format: https://host[/path]`,
      ],
      [
        { rules: [{ operations: ['*', 'CREATE'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*'] }] },
        `rules[0].operations: Invalid value: ["*","CREATE"]: if '*' is present, must not specify other operations`,
      ],
      [
        { rules: [{ operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['pods/*', 'pods/log'] }] },
        `rules[0].resources[1]: Invalid value: "pods/log": if 'pods/*' is present, must not specify pods/log`,
      ],
      [
        { matchConditions: [{ name: 'c', expression: 'has(object.metadata' }] },
        'matchConditions[0].expression: Invalid value: "has(object.metadata": compilation failed: ERROR: <input>:1:20: Syntax error',
      ],
      [
        { matchConditions: [{ name: 'c', expression: 'object.metadata.name' }] },
        'matchConditions[0].expression: Invalid value: "object.metadata.name": must evaluate to bool',
      ],
    ];
    for (const [change, expected] of cases) {
      const found = texts(validateWebhookConfiguration(configuration(change)));
      assert.ok(found[0]?.startsWith(`webhooks[0].${expected}`), `${expected}\n${found.join('\n')}`);
    }
  });
});

describe('admission policies', () => {
  it('are valid when complete', () => {
    const full = policy({
      paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
      variables: [
        { name: 'replicas', expression: 'object.spec.replicas' },
        { name: 'most', expression: 'variables.replicas + 1' },
      ],
      matchConditions: [{ name: 'named', expression: 'request.name.startsWith("a") && params.data.a == "b"' }],
      validations: [
        {
          expression: 'variables.replicas < variables.most && authorizer.requestResource.check("get").allowed()',
          messageExpression: '"at most " + string(variables.most)',
          reason: 'Forbidden',
        },
        { expression: 'namespaceObject.metadata.labels["a"] == "b"', message: 'no' },
      ],
      auditAnnotations: [{ key: 'k', valueExpression: 'variables.replicas > 1 ? "many" : "few"' }],
    });
    assert.deepEqual(texts(validatePolicy(full)), []);
    assert.deepEqual(texts(validatePolicyBinding(binding())), []);
  });

  it('are refused in the words of Kubernetes', () => {
    const cases: [Partial<ValidatingAdmissionPolicy['spec']>, string][] = [
      [
        { validations: [{ expression: 'nope' }] },
        `spec.validations[0].expression: Invalid value: "nope": compilation failed: ERROR: <input>:1:1: undeclared reference to 'nope'`,
      ],
      [
        { validations: [{ expression: 'params.a == 1' }] },
        `spec.validations[0].expression: Invalid value: "params.a == 1": compilation failed: ERROR: <input>:1:1: undeclared reference to 'params'`,
      ],
      [
        { validations: [{ expression: 'variables.a == 1' }], variables: [{ name: 'b', expression: '1' }] },
        `spec.validations[0].expression: Invalid value: "variables.a == 1": compilation failed: ERROR: <input>:1:10: undefined field 'a'`,
      ],
      [{ validations: [] }, 'spec.validations: Required value: validations or auditAnnotations must contain at least'],
      [
        { validations: [{ expression: 'true', message: 'a\nb' }] },
        'spec.validations[0].message: Invalid value: "a\\nb": message must not contain line breaks',
      ],
      [
        { paramKind: { apiVersion: 'a/b/c', kind: 'X' } },
        'spec.paramKind.apiVersion: Invalid value: "a/b/c": unexpected',
      ],
      [
        { variables: [{ name: 'a-b', expression: '1' }] },
        'spec.variables[0].name: Invalid value: "a-b": name is not a valid CEL identifier',
      ],
    ];
    for (const [change, expected] of cases) {
      const found = texts(validatePolicy(policy(change)));
      assert.ok(found[0]?.startsWith(expected), `${expected}\n${found.join('\n')}`);
    }
  });

  it('have bindings that say what becomes of a failure', () => {
    const cases: [Partial<ValidatingAdmissionPolicyBinding['spec']>, string][] = [
      [{ validationActions: [] }, 'spec.validationActions: Required value: at least one validation action is required'],
      [{ validationActions: ['Deny', 'Warn'] }, 'spec.validationActions: Invalid value: ["Deny","Warn"]: must not'],
      [{ validationActions: ['No'] }, 'spec.validationActions[0]: Unsupported value: "No": supported values: "Audit"'],
      [{ paramRef: { name: 'x' } }, 'spec.paramRef.parameterNotFoundAction: Required value'],
      [{ policyName: '' }, 'spec.policyName: Required value'],
    ];
    for (const [change, expected] of cases) {
      const found = texts(validatePolicyBinding(binding(change)));
      assert.ok(found[0]?.startsWith(expected), `${expected}\n${found.join('\n')}`);
    }
  });
});
