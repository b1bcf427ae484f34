import assert from 'node:assert/strict';
import type { VolumeProjection } from '../../../api/types/core.v1.ts';
import { FieldErrors } from '../../../api/validation/field-errors.ts';
import { validateVolumes } from '../../../api/validation/pod/volumes.ts';

function refusals(...sources: object[]): string[] {
  const errors = new FieldErrors();
  validateVolumes(errors, [{ name: 'v', projected: { sources: sources as VolumeProjection[] } }], 'spec.volumes');
  return errors.list.map(({ field, message }) => `${field.replace('spec.volumes[0].projected.', '')}: ${message}`);
}

describe('projected volumes', () => {
  it('take every source that is well formed', () => {
    const items = [
      { path: 'labels', fieldRef: { apiVersion: 'v1', fieldPath: "metadata.labels['app']" } },
      { path: 'cpu', resourceFieldRef: { containerName: 'c', resource: 'limits.cpu' } },
    ];
    const token = { path: 'token', expirationSeconds: 600, audience: 'vault' };
    const sources = [{ secret: { name: 's' } }, { configMap: { name: 'c' } }, { downwardAPI: { items } }];
    assert.deepEqual(refusals(...sources, { serviceAccountToken: token }), []);
  });

  const token = (more: object): object => ({ serviceAccountToken: { path: 't', ...more } });
  const item = (more: object): object => ({ downwardAPI: { items: [{ path: 'f', ...more }] } });
  const fieldRef = { apiVersion: 'v1', fieldPath: 'metadata.name' };
  const refused: [string, object[], string][] = [
    ['nothing', [{}], 'sources[0]: Required value: must specify at least one volume type'],
    [
      'two in one',
      [{ secret: { name: 's' }, configMap: { name: 'c' } }],
      'sources[0].configMap: Forbidden: may not specify more than 1 volume type',
    ],
    ['a secret without a name', [{ secret: {} }], 'sources[0].secret.name: Required value'],
    [
      'a token for too short a time',
      [token({ expirationSeconds: 599 })],
      'sources[0].serviceAccountToken.expirationSeconds: Invalid value: 599: may not specify a duration less than 10 minutes',
    ],
    [
      'a token outside of the volume',
      [token({ path: '../t' })],
      `sources[0].serviceAccountToken.path: Invalid value: "../t": must not contain '..'`,
    ],
    ['a token without a place', [token({ path: '' })], 'sources[0].serviceAccountToken.path: Required value'],
    [
      'a file of nothing',
      [item({})],
      'sources[0].downwardAPI.items[0]: Required value: one of fieldRef and resourceFieldRef is required',
    ],
    [
      'resources of nobody',
      [item({ resourceFieldRef: { resource: 'limits.cpu' } })],
      'sources[0].downwardAPI.items[0].resourceFieldRef.containerName: Required value',
    ],
    [
      'two sources in one place',
      [item({ fieldRef }), token({ path: 'f' })],
      'sources[1]: Invalid value: "f": conflicting duplicate paths',
    ],
    [
      'bundles of authorities',
      [{ clusterTrustBundle: { path: 'b' } }],
      'sources[0].clusterTrustBundle: Forbidden: is not supported by this version of Dure',
    ],
  ];
  for (const [what, sources, message] of refused) {
    it(`refuse ${what}`, () => assert.deepEqual(refusals(...sources), [message]));
  }

  it('tell only what is known before the pod runs', () => {
    const [message = ''] = refusals(item({ fieldRef: { apiVersion: 'v1', fieldPath: 'status.podIP' } }));
    assert.match(message, /items\[0\]\.fieldRef\.fieldPath: Unsupported value: "status\.podIP"/);
  });
});
