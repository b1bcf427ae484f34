import assert from 'node:assert/strict';
import { newEncryptionConfig, parseEncryptionConfig } from '../../../control-plane/backend/encryption-config.ts';

const SECRET = Buffer.alloc(32, 7).toString('base64');

function config(resources: string): string {
  return `apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n${resources}`;
}

describe('the encryption file', () => {
  it('is made for secrets, with a new key each time, and reads what was stored before', () => {
    const [rule, ...others] = parseEncryptionConfig(newEncryptionConfig());
    assert.deepEqual(others, []);
    assert.deepEqual(rule?.prefixes, ['/registry/core/secrets/']);
    assert.equal(rule?.providers[1], 'plain');
    assert.notEqual(newEncryptionConfig(), newEncryptionConfig());
  });

  it('names resources as Kubernetes does', () => {
    const text = config(
      `- resources: [secrets, widgets.example.com, "*.apps", "*.", "*.*"]\n  providers: [{aesgcm: {keys: [{name: a, secret: ${SECRET}}]}}]`,
    );
    assert.deepEqual(parseEncryptionConfig(text)[0]?.prefixes, [
      '/registry/core/secrets/',
      '/registry/example.com/widgets/',
      '/registry/apps/',
      '/registry/core/',
      '/registry/',
    ]);
  });

  const wrong: [string, string, RegExp][] = [
    ['another kind', 'apiVersion: v1\nkind: Secret\n', /^apiVersion must be apiserver.config.k8s.io\/v1$/],
    ['no YAML', '{', /^not YAML: /],
    ['aliases', 'a: &a [1]\nb: *a\n', /^not YAML: /],
    ['a list', '[]', /^the file must be an object$/],
    ['no rules', config('[]').replace('resources:\n[]', 'resources: []'), /^resources must be a list/],
    ['no resources', config('- providers: [{identity: {}}]'), /^resources\[0\].resources must be a list/],
    ['a path', config('- resources: [../x]\n  providers: [{identity: {}}]'), /"..\/x" is not the name of a resource/],
    ['another provider', config('- resources: [a]\n  providers: [{kms: {}}]'), /providers\[0\].kms is not served/],
    [
      'two in one',
      config('- resources: [a]\n  providers: [{identity: {}, aesgcm: {}}]'),
      /must name exactly one provider/,
    ],
    [
      'a short key',
      config('- resources: [a]\n  providers: [{aesgcm: {keys: [{name: k, secret: AAAA}]}}]'),
      /keys\[0\].secret must be 16, 24 or 32 bytes/,
    ],
    [
      'a name with a colon',
      config(`- resources: [a]\n  providers: [{aesgcm: {keys: [{name: "k:1", secret: ${SECRET}}]}}]`),
      /keys\[0\].name must be a name without colon/,
    ],
    [
      'one name for two keys',
      config(
        `- resources: [a]\n  providers: [{aesgcm: {keys: [{name: k, secret: ${SECRET}}, {name: k, secret: ${Buffer.alloc(32, 8).toString('base64')}}]}}]`,
      ),
      /two keys are named k/,
    ],
  ];
  for (const [what, text, message] of wrong) {
    it(`says what is wrong: ${what}`, () => {
      assert.throws(() => parseEncryptionConfig(text), { name: 'EncryptionConfigError', message });
    });
  }
});
