/** OpenAPI of other servers, made part of this one's. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { openApiV3From } from '../../../api/openapi/from-v2.ts';
import { openApiPart, withParts } from '../../../api/openapi/merge-v2.ts';

const ROOT = '/apis/x.example.com/v1';
const META = 'io.k8s.ObjectMeta';

function documentOf(definitions: object, schema: string, parameters: object = {}): object {
  const get = {
    produces: ['application/json', 'application/yaml'],
    parameters: [
      { in: 'body', name: 'body', required: true, schema: { $ref: `#/definitions/${schema}` } },
      { $ref: '#/parameters/limit' },
    ],
    responses: { 200: { description: 'OK', schema: { $ref: `#/definitions/${schema}` } }, 401: { description: 'No' } },
  };
  return { swagger: '2.0', paths: { [`${ROOT}/things`]: { get }, '/apis/y/v1/others': {} }, definitions, parameters };
}

const LIMIT = { limit: { in: 'query', name: 'limit', type: 'integer', uniqueItems: true } };
const THING = { type: 'object', properties: { metadata: { $ref: `#/definitions/${META}` } } };

describe('OpenAPI of another server', () => {
  it('is its own version alone, with what that needs', () => {
    const definitions = { Thing: THING, [META]: { type: 'object' }, Other: {} };
    const part = openApiPart(documentOf(definitions, 'Thing', LIMIT), 'x.example.com', 'v1');
    assert.deepEqual([...part.paths.keys()], [`${ROOT}/things`]);
    assert.deepEqual([...part.definitions.keys()].toSorted(), ['Thing', META]);
    const item = part.paths.get(`${ROOT}/things`) as { get: { parameters: unknown[] } };
    assert.deepEqual(item.get.parameters[1], LIMIT.limit);
    for (const wrong of [undefined, null, 1, 'x', [], {}, { paths: [] }]) {
      assert.throws(() => openApiPart(wrong, 'x.example.com', 'v1'), /no OpenAPI v2 document/);
    }
  });

  it('gives way where it means something else by a name', () => {
    const own = {
      paths: {},
      definitions: { [META]: { type: 'object', description: 'ours' }, Kept: { type: 'string' } },
    };
    const theirs = { type: 'object', description: 'theirs', 'x-kubernetes-group-version-kind': [] };
    const part = openApiPart(documentOf({ Thing: THING, [META]: theirs }, 'Thing'), 'x.example.com', 'v1');
    const whole = withParts(own, [part, part]) as { definitions: Record<string, unknown>; paths: object };
    assert.deepEqual(Object.keys(whole.definitions), [META, 'Kept', 'Thing', `${META}_v2`]);
    assert.deepEqual(whole.definitions[META], own.definitions[META]);
    assert.deepEqual(whole.definitions['Thing'], {
      type: 'object',
      properties: { metadata: { $ref: `#/definitions/${META}_v2` } },
    });
    // Kinds that a type is of don't make it another one.
    const same = { ...own.definitions[META], 'x-kubernetes-group-version-kind': [1] };
    const again = openApiPart(documentOf({ Thing: THING, [META]: same }, 'Thing'), 'x.example.com', 'v1');
    const merged = withParts(own, [again]) as { definitions: object };
    assert.deepEqual(Object.keys(merged.definitions), [META, 'Kept', 'Thing']);
  });

  it('is told in version 3 too', () => {
    const part = openApiPart(documentOf({ Thing: { type: 'object' } }, 'Thing', LIMIT), 'x.example.com', 'v1');
    const { paths, components } = openApiV3From(part) as { paths: Record<string, object>; components: object };
    const schema = { $ref: '#/components/schemas/Thing' };
    assert.deepEqual(paths[`${ROOT}/things`], {
      get: {
        parameters: [{ in: 'query', name: 'limit', schema: { type: 'integer', uniqueItems: true } }],
        requestBody: { content: { 'application/json': { schema } }, required: true },
        responses: {
          200: { description: 'OK', content: { 'application/json': { schema }, 'application/yaml': { schema } } },
          401: { description: 'No' },
        },
      },
    });
    assert.deepEqual(components, { schemas: { Thing: { type: 'object' } } });
  });

  it('changes nothing else, whatever it holds', () => {
    const own = { paths: { '/api': { get: {} } }, definitions: { Own: { type: 'string' } } };
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.jsonValue(), (definitions, item) => {
        const document = JSON.parse(
          JSON.stringify({ paths: { [`${ROOT}/x`]: item, ['__proto__']: item }, definitions }),
        ) as unknown;
        const whole = withParts(own, [openApiPart(document, 'x.example.com', 'v1')]) as typeof own;
        assert.deepEqual(whole.definitions.Own, own.definitions.Own);
        assert.deepEqual(whole.paths['/api'], own.paths['/api']);
        assert.equal(({} as { polluted?: unknown }).polluted, undefined);
        assert.equal(Object.getPrototypeOf(whole.paths), Object.prototype);
      }),
    );
  });
});
