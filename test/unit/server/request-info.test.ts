import assert from 'node:assert/strict';
import fc from 'fast-check';
import { StatusError } from '../../../api/errors.ts';
import { isLongRunning, parseRequest } from '../../../control-plane/http/request-info.ts';

describe('what a request is about', () => {
  const cases: [string, string, string, object | undefined][] = [
    [
      'GET',
      '/api/v1/pods',
      'list',
      { group: '', version: 'v1', namespace: '', resource: 'pods', name: '', subresource: '' },
    ],
    ['GET', '/api/v1/namespaces/a/pods/b', 'get', { namespace: 'a', resource: 'pods', name: 'b', subresource: '' }],
    ['GET', '/api/v1/namespaces/a/pods?watch=true', 'watch', { namespace: 'a', resource: 'pods', name: '' }],
    ['GET', '/api/v1/namespaces/a/pods?watch=0', 'list', { namespace: 'a', resource: 'pods', name: '' }],
    [
      'POST',
      '/apis/apps/v1/namespaces/a/deployments',
      'create',
      { group: 'apps', version: 'v1', resource: 'deployments' },
    ],
    ['PATCH', '/apis/apps/v1/namespaces/a/deployments/d/scale', 'patch', { name: 'd', subresource: 'scale' }],
    ['DELETE', '/api/v1/namespaces/a/pods', 'deletecollection', { namespace: 'a', name: '' }],
    [
      'DELETE',
      '/api/v1/namespaces/a',
      'delete',
      { namespace: 'a', resource: 'namespaces', name: 'a', subresource: '' },
    ],
    ['PUT', '/api/v1/namespaces/a/finalize', 'update', { resource: 'namespaces', name: 'a', subresource: 'finalize' }],
    ['GET', '/api/v1/namespaces/a/status', 'get', { resource: 'namespaces', name: 'a', subresource: 'status' }],
    ['GET', '/api/v1', 'get', undefined],
    ['GET', '/apis/apps/v1', 'get', undefined],
    ['GET', '/livez/ping', 'get', undefined],
    ['GET', '/', 'get', undefined],
  ];
  for (const [method, url, verb, resource] of cases) {
    it(`${method} ${url}: ${verb}`, () => {
      const info = parseRequest(method, url);
      assert.equal(info.verb, verb);
      if (resource === undefined) assert.equal(info.resource, undefined);
      else assert.partialDeepStrictEqual(info.resource, resource);
    });
  }

  it('refuses what is not encoded correctly, and what climbs', () => {
    for (const url of ['/api/v1/%zz', '/api/v1/%ff', '/api?a=%z', '/a/../b', '/a/%2e%2e/b', '/a/b%2fc', '/%00', 'x']) {
      assert.throws(
        () => parseRequest('GET', url),
        (error) => error instanceof StatusError && error.code === 400,
        url,
      );
    }
  });

  it('answers any text with a meaning or with BadRequest', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          parseRequest('GET', `/${text}`);
        } catch (error) {
          assert.ok(error instanceof StatusError);
        }
      }),
    );
  });

  it('knows what lasts', () => {
    assert.ok(isLongRunning(parseRequest('GET', '/api/v1/pods?watch=1')));
    assert.ok(isLongRunning(parseRequest('POST', '/api/v1/namespaces/a/pods/b/exec')));
    assert.ok(!isLongRunning(parseRequest('GET', '/api/v1/pods')));
  });
});
