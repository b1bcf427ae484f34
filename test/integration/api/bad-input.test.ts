import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import { statusOf } from '../../support/raw-requests.ts';
import {
  BadInputTarget,
  configMap,
  JSON_TYPE,
  MAPS,
  pod,
  PODS,
  post,
  put,
  YAML_TYPE,
} from '../../support/bad-input.ts';

const MEGABYTE = 1024 * 1024;

describe('bad input to the API server', () => {
  const target = BadInputTarget.use();

  const strict = '?fieldValidation=Strict';
  describe('refuses bodies', () => {
    target.refuses([
      ['that are no JSON', MAPS, post('{"metadata":'), 400, 'BadRequest', /json parse error/],
      ['that are empty', MAPS, post(''), 400, 'BadRequest', /json parse error/],
      ['that are no object', MAPS, post('[]'), 400, 'BadRequest', /is not an object; a ConfigMap is expected/],
      ['that are null', MAPS, post('null'), 400, 'BadRequest', /is not an object/],
      ['with more after the object', MAPS, post('{}{}'), 400, 'BadRequest', /json parse error/],
      ['that are no UTF-8', MAPS, post(Buffer.of(0x7b, 0xff, 0x7d)), 400, 'BadRequest', /not valid UTF-8/],
      ['nested too deeply', MAPS, post('{"a":'.repeat(500_000)), 400, 'BadRequest', /exceeded max depth/],
      ['of another kind', MAPS, post({ kind: 'Pod' }), 400, 'BadRequest', /cannot be handled as a ConfigMap/],
      ['whose kind is no text', MAPS, post({ kind: { a: 1 } }), 400, 'BadRequest', /cannot be handled/],
      ['of another version', MAPS, post({ apiVersion: 'v2' }), 400, 'BadRequest', /expected API version \(v1\)/],
      ['of a type nobody knows', MAPS, post('{}', 'text/plain'), 415, 'UnsupportedMediaType', /unknown format/],
      [
        'in an encoding nobody knows',
        MAPS,
        post('{}', JSON_TYPE, { 'content-encoding': 'br' }),
        415,
        'UnsupportedMediaType',
        /content encoding "br"/,
      ],
      [
        'that are no gzip though they say so',
        MAPS,
        post('{}', JSON_TYPE, { 'content-encoding': 'gzip' }),
        400,
        'BadRequest',
        /not valid gzip/,
      ],
      [
        'that are small only as long as they are compressed',
        MAPS,
        post(gzipSync(Buffer.alloc(50 * MEGABYTE)), JSON_TYPE, { 'content-encoding': 'gzip' }),
        413,
        'RequestEntityTooLarge',
        /limit is 3145728/,
      ],
      [
        'larger than 3 MiB',
        MAPS,
        post(configMap('large', { data: { a: 'x'.repeat(3 * MEGABYTE) } })),
        413,
        'RequestEntityTooLarge',
        /limit is 3145728/,
      ],
      [
        'that ask for another protocol',
        MAPS,
        post(configMap('a'), JSON_TYPE, { connection: 'upgrade', upgrade: 'nonsense' }),
        400,
        'BadRequest',
        /another protocol/,
      ],
    ]);
  });

  describe('refuses YAML', () => {
    const bomb = ['a: &a [x,x,x,x,x,x,x,x,x,x]', ...Array.from({ length: 9 }, (_, i) => bombLine(i))].join('\n');
    const aliases = `a: [${Array.from({ length: 100_000 }, (_, i) => `&a${i} x, *a${i}`).join()}]`;
    target.refuses([
      ['that is none', MAPS, post('a: [', YAML_TYPE), 400, 'BadRequest', /yaml: line 1: /],
      ['indented with tabs', MAPS, post('metadata:\n\tname: a', YAML_TYPE), 400, 'BadRequest', /line 2: Tabs/],
      ['with values of the wrong type', MAPS, post('metadata: {name: 5}', YAML_TYPE), 400, 'BadRequest', /type string/],
      ['with keys given twice', MAPS + strict, post('data: {}\ndata: {}', YAML_TYPE), 400, 'BadRequest', /"data"/],
      ['that grows by its aliases', MAPS, post(bomb, YAML_TYPE), 400, 'BadRequest', /[Aa]lias/],
      ['of aliases alone', MAPS, post(aliases, YAML_TYPE), 400, 'BadRequest', /more than 1000 aliases/],
      ['that opens lists', MAPS, post('['.repeat(3_000_000), YAML_TYPE), 400, 'BadRequest', /max depth/],
      ['that opens items', MAPS, post('- '.repeat(1_500_000), YAML_TYPE), 400, 'BadRequest', /max depth/],
      ['of many parts', MAPS, post(`[${','.repeat(3_000_000)}]`, YAML_TYPE), 400, 'BadRequest', /sent as JSON/],
      ['with a tag of its own', MAPS, post('!!binary x', YAML_TYPE), 400, 'BadRequest', /yaml|not an object/],
    ]);

    it('within a time that lets others be served', async () => {
      const begun = performance.now();
      const answers = await Promise.all(
        ['['.repeat(3_000_000), `[${','.repeat(3_000_000)}]`, aliases].map((body) =>
          target.client.ask(MAPS, post(body, YAML_TYPE)),
        ),
      );
      assert.deepEqual(
        answers.map(({ code }) => code),
        [400, 400, 400],
      );
      // Unbounded, each of these takes the better part of a minute.
      assert.ok(performance.now() - begun < 10_000);
    });
  });

  describe('refuses fields', () => {
    target.refuses([
      [
        'that nobody knows, when asked to be strict',
        MAPS + strict,
        post(configMap('a', { colour: 'red', metadat: {} })),
        400,
        'BadRequest',
        /strict decoding error: unknown field "colour", unknown field "metadat"$/,
      ],
      [
        'given twice, when asked to be strict',
        MAPS + strict,
        post('{"metadata":{"name":"a"},"data":{"k":"1","k":"2"}}'),
        400,
        'BadRequest',
        /duplicate field "data.k"/,
      ],
      [
        'of the wrong type',
        PODS,
        post(pod('a', { hostNetwork: 'yes' })),
        400,
        'BadRequest',
        /json: cannot unmarshal string into Go struct field PodSpec\.spec\.hostNetwork of type bool/,
      ],
      [
        'with numbers that nothing holds',
        PODS,
        post('{"metadata":{"name":"a"},"spec":{"priority":1e999}}'),
        400,
        'BadRequest',
        /cannot unmarshal number/,
      ],
      [
        'with a fraction where a whole number belongs',
        PODS,
        post(pod('a', { priority: 1.5 })),
        400,
        'BadRequest',
        /number 1\.5 into Go struct field PodSpec\.spec\.priority of type int32/,
      ],
      [
        'with quantities beyond measure',
        PODS,
        post(pod('a', { containers: [{ name: 'c', image: 'i', resources: { limits: { cpu: '1e999999999' } } }] })),
        400,
        'BadRequest',
        /quantity/,
      ],
      ['with times that are none', MAPS, post({ metadata: { creationTimestamp: 'now' } }), 400, 'BadRequest', /time/],
      ['with a validation nobody knows', `${MAPS}?fieldValidation=Some`, post({}), 422, 'Invalid', /fieldValidation/],
      ['by a manager with a name of many lines', `${MAPS}?fieldManager=a%0Ab`, post({}), 422, 'Invalid', /printable/],
    ]);

    it('with a warning alone, when asked to warn, and without one, when asked to ignore', async () => {
      const body = configMap('a', { colour: 'red' });
      const warned = await target.client.ask(`${MAPS}?dryRun=All`, post(body));
      assert.equal(warned.code, 201);
      assert.equal(warned.headers['warning'], String.raw`299 - "unknown field \"colour\""`);
      const ignored = await target.client.ask(`${MAPS}?dryRun=All&fieldValidation=Ignore`, post(body));
      assert.deepEqual([ignored.code, ignored.headers['warning']], [201, undefined]);
    });
  });

  describe('refuses objects', () => {
    const twice = post({ metadata: { name: 'kept' } });
    const stale = { metadata: { name: 'kept', resourceVersion: '1' } };
    target.refuses([
      ['without a name', MAPS, post({}), 422, 'Invalid', /metadata\.name: Required value: name or generateName/],
      ['with a name that is none', MAPS, post(configMap('A/../b')), 422, 'Invalid', /metadata\.name: Invalid value/],
      ['named with line breaks', MAPS, post(configMap('a\nb')), 422, 'Invalid', /"a\\nb"/],
      ['that exist', MAPS, twice, 409, 'AlreadyExists', /^configmaps "kept" already exists$/],
      ['made from an older state', `${MAPS}/kept`, put(stale), 409, 'Conflict', /the object has been modified/],
      ['of another name than the path', `${MAPS}/kept`, put(configMap('other')), 400, 'BadRequest', /other/],
      ['of another namespace', MAPS, post({ metadata: { name: 'a', namespace: 'b' } }), 400, 'BadRequest', /namespace/],
      [
        'in a namespace that is none',
        '/api/v1/namespaces/none/configmaps',
        post(configMap('a')),
        404,
        'NotFound',
        /none/,
      ],
      [
        'with a version, when they are new',
        MAPS,
        post({ metadata: { name: 'a', resourceVersion: '5' } }),
        400,
        'BadRequest',
        /should not be set/,
      ],
    ]);

    it('with a cause for every field, but no more than anybody reads', async () => {
      const body = `{"metadata":{"name":"a"},"spec":{"containers":[${'{},'.repeat(300_000)}{}]}}`;
      const answer = await target.unchanged(() => target.client.ask(PODS, post(body)));
      const { causes = [] } = statusOf(answer).details ?? {};
      assert.equal(answer.code, 422);
      assert.ok(answer.text.length < 100_000);
      assert.deepEqual(causes[0], {
        reason: 'FieldValueRequired',
        message: 'Required value',
        field: 'spec.containers[0].name',
      });
    });

    it('whose deletion would never end, but lets it be asked for', async () => {
      const longest = pod('lasting', { nodeName: 'n1', terminationGracePeriodSeconds: Number.MAX_SAFE_INTEGER });
      assert.equal((await target.client.ask(PODS, post(longest))).code, 201);
      assert.equal((await target.client.ask(`${PODS}/lasting`, { method: 'DELETE' })).code, 200);
      assert.equal((await target.client.ask(`${PODS}/lasting?gracePeriodSeconds=0`, { method: 'DELETE' })).code, 200);
    });
  });

  describe('refuses paths', () => {
    const unknown = /^the server could not find the requested resource$/;
    target.refuses([
      ['of unknown resources', '/api/v1/nonsense', {}, 404, 'NotFound', unknown],
      ['of unknown groups', '/apis/nonsense/v1/things', {}, 404, 'NotFound', unknown],
      ['of unknown versions', '/apis/apps/v9/deployments', {}, 404, 'NotFound', unknown],
      ['of unknown subresources', `${MAPS}/kept/nonsense`, {}, 404, 'NotFound', unknown],
      ['of what every object inherits', `${PODS}/a/constructor`, post({}), 404, 'NotFound', unknown],
      ['of the prototype', `${PODS}/a/__proto__`, {}, 404, 'NotFound', unknown],
      ['of inherited resources', '/api/v1/constructor', {}, 404, 'NotFound', unknown],
      ['of inherited endpoints', '/hasOwnProperty', {}, 404, 'NotFound', unknown],
      ['that climb', '/api/v1/namespaces/default/configmaps/..', {}, 400, 'BadRequest', /invalid segment/],
      ['that climb in disguise', `${MAPS}/%2e%2e%2fkube-system`, {}, 400, 'BadRequest', /invalid segment/],
      ['with a zero byte', `${MAPS}/a%00b`, {}, 400, 'BadRequest', /invalid segment/],
      ['that are encoded wrongly', `${MAPS}/%zz`, {}, 400, 'BadRequest', /not encoded correctly/],
      ['whose bytes are no text', `${MAPS}/%ff%fe`, {}, 400, 'BadRequest', /not encoded correctly/],
      ['whose query is encoded wrongly', `${MAPS}?labelSelector=%zz`, {}, 400, 'BadRequest', /not encoded correctly/],
      [
        'that leave the namespace out',
        '/api/v1/namespaces//configmaps',
        { method: 'DELETE' },
        400,
        'BadRequest',
        /segment/,
      ],
      ['by a method that they do not have', `${MAPS}/kept`, post({}), 405, 'MethodNotAllowed', /not supported/],
      ['by a method that nobody has', `${MAPS}/kept`, { method: 'OPTIONS' }, 405, 'MethodNotAllowed', /not supported/],
    ]);
  });

  describe('refuses questions', () => {
    const rv = '1'.repeat(30);
    target.refuses([
      ['with a label selector that is none', `${MAPS}?labelSelector=a+in+(`, {}, 400, 'BadRequest', /unable to parse/],
      ['with labels that are none', `${MAPS}?labelSelector=-a-%3Db`, {}, 400, 'BadRequest', /Invalid value: "-a-"/],
      ['with a field selector that is none', `${MAPS}?fieldSelector=a`, {}, 400, 'BadRequest', /invalid selector/],
      [
        'by fields that nobody knows',
        `${MAPS}?fieldSelector=constructor%3Da`,
        {},
        400,
        'BadRequest',
        /not a known field selector/,
      ],
      ['at a revision that is none', `${MAPS}?resourceVersion=abc`, {}, 400, 'BadRequest', /resourceVersion/],
      ['at a revision that is too large', `${MAPS}?resourceVersion=${rv}`, {}, 400, 'BadRequest', /resourceVersion/],
      [
        'at revisions to come',
        `${MAPS}?resourceVersion=99999&resourceVersionMatch=Exact`,
        {},
        504,
        'Timeout',
        /Too large/,
      ],
      ['with a match of no revision', `${MAPS}?resourceVersionMatch=Exact`, {}, 422, 'Invalid', /is forbidden unless/],
      [
        'with a match nobody knows',
        `${MAPS}?resourceVersion=1&resourceVersionMatch=X`,
        {},
        422,
        'Invalid',
        /Unsupported/,
      ],
      ['with a limit that is none', `${MAPS}?limit=1e3`, {}, 400, 'BadRequest', /invalid syntax/],
      ['with a token that is none', `${MAPS}?continue=nonsense`, {}, 400, 'BadRequest', /continue key is not valid/],
      [
        'with a token that climbs',
        `${MAPS}?continue=${token({ v: 'meta.k8s.io/v1', rv: 1, start: '../secrets/' })}`,
        {},
        400,
        'BadRequest',
        /invalid continue token/,
      ],
      [
        'with a grace beyond measure',
        `${MAPS}/kept?gracePeriodSeconds=${rv}`,
        { method: 'DELETE' },
        400,
        'BadRequest',
        /out of range/,
      ],
      [
        'with a policy nobody knows',
        `${MAPS}/kept?propagationPolicy=X`,
        { method: 'DELETE' },
        422,
        'Invalid',
        /Unsupported/,
      ],
      [
        'for a form that is not served',
        MAPS,
        { headers: { accept: 'text/html' } },
        406,
        'NotAcceptable',
        /application\/json/,
      ],
      [
        'for a watch of a selector that is none',
        `${MAPS}?watch=1&labelSelector=(`,
        {},
        400,
        'BadRequest',
        /found '\('/,
      ],
    ]);

    it('so that a token shows nothing outside of the collection', async () => {
      const start = token({ v: 'meta.k8s.io/v1', rv: -1, start: 'a' });
      const answer = await target.client.ask(`/api/v1/namespaces/kube-system/configmaps?continue=${start}`);
      assert.deepEqual((JSON.parse(answer.text) as { items: unknown[] }).items, []);
    });
  });
});

function token(fields: object): string {
  return Buffer.from(JSON.stringify(fields)).toString('base64url');
}

function bombLine(index: number): string {
  const before = index === 0 ? 'a' : `b${index - 1}`;
  return `b${index}: &b${index} [${Array.from({ length: 9 }, () => `*${before}`).join()}]`;
}
