import assert from 'node:assert/strict';
import { kinds } from '../../../api/kinds.ts';
import { Descriptions, parseModel, readInstalledModels } from '../../../api/openapi/descriptions.ts';
import { documentMessage } from '../../../api/openapi/document-message.ts';
import { OpenApiV2 } from '../../../api/openapi/v2.ts';
import { OpenApiV3 } from '../../../api/openapi/v3.ts';
import { Reader } from '../../../api/schema/protobuf/wire.ts';
import { loadSchemaTable } from '../../../api/schema/table.ts';
import { USAGE_KINDS } from '../../../control-plane/handlers/usage.ts';

interface Node {
  readonly [key: string]: Node;
}

const options = {
  table: loadSchemaTable(),
  kinds: Object.values(kinds),
  descriptions: new Descriptions({ read: readInstalledModels() }),
};
const v3 = new OpenApiV3(options);

function documentOf(path: string): Node {
  const document = v3.document(path);
  assert.ok(document, path);
  return JSON.parse(String(document.bytes)) as Node;
}

/** All texts that stand under a key, wherever it is. */
function valuesOf(node: unknown, key: string): string[] {
  if (typeof node !== 'object' || node === null) return [];
  return Object.entries(node).flatMap(([name, value]) =>
    name === key && typeof value === 'string' ? [value] : valuesOf(value, key),
  );
}

describe('descriptions', () => {
  it('are read from the comments of a model', () => {
    const { text, fields } = parseModel(
      "/**\n * Header\n */\nimport x;\n/**\n* What it is.\n* More.\n*/\nexport declare class V1X {\n    /**\n    * What a is.\n    */\n    'a'?: string;\n    'b': V1B;\n    /**\n    * What c\\'s is.\n    */\n    '_c'?: number;\n}\n",
    );
    assert.equal(text, 'What it is.\nMore.');
    assert.deepEqual(
      [...fields],
      [
        ['a', 'What a is.'],
        ['c', "What c's is."],
      ],
    );
  });

  it('are found also for names that two groups share', () => {
    assert.match(options.descriptions.of('io.k8s.api.core.v1.Event').text, /^Event is a report/);
    assert.match(options.descriptions.of('io.k8s.api.core.v1.Pod').text, /^Pod is a collection of containers/);
    assert.equal(options.descriptions.of('io.k8s.api.core.v1.Nothing').text, '');
  });
});

describe('OpenAPI v3', () => {
  it('has an index with a hash of each document', () => {
    const { paths } = v3.index();
    const roots = options.kinds.map(({ group, version }) => (group === '' ? 'api/v1' : `apis/${group}/${version}`));
    assert.deepEqual(Object.keys(paths).toSorted(), [...new Set(roots)].toSorted());
    assert.match(paths['apis/apps/v1']?.serverRelativeURL ?? '', /^\/openapi\/v3\/apis\/apps\/v1\?hash=[0-9A-F]{128}$/);
    assert.equal(v3.document('apis/nope/v1'), undefined);
  });

  it('lets kubectl see that PATCH validates fields', () => {
    for (const kind of options.kinds) {
      const root = kind.group === '' ? 'api/v1' : `apis/${kind.group}/${kind.version}`;
      const scope = kind.namespaced ? '/namespaces/{namespace}' : '';
      const patch = documentOf(root)['paths']?.[`/${root}${scope}/${kind.plural}/{name}`]?.['patch'];
      assert.ok(patch, kind.kind);
      assert.deepEqual(patch['x-kubernetes-group-version-kind'], {
        group: kind.group,
        version: kind.version,
        kind: kind.kind,
      });
      const names = (patch['parameters'] as unknown as { name: string; in: string }[]).map(
        (parameter) => `${parameter.in} ${parameter.name}`,
      );
      assert.ok(names.includes('query fieldValidation') && names.includes('query dryRun'), kind.kind);
    }
  });

  it('holds every schema that it refers to, and no operation id twice', () => {
    for (const path of Object.keys(v3.index().paths)) {
      const document = documentOf(path);
      const schemas = new Set(Object.keys(document['components']?.['schemas'] ?? {}));
      for (const reference of valuesOf(document, '$ref')) {
        assert.ok(schemas.has(reference.replace('#/components/schemas/', '')), reference);
      }
      const ids = valuesOf(document, 'operationId');
      assert.equal(new Set(ids).size, ids.length);
    }
  });

  it('carries what clients need to patch and to explain', () => {
    const schemas = documentOf('apis/apps/v1')['components']?.['schemas'];
    const spec = schemas?.['io.k8s.api.core.v1.PodSpec'];
    assert.deepEqual(spec?.['required'], ['containers']);
    assert.deepEqual(spec?.['properties']?.['containers'], {
      description: spec?.['properties']?.['containers']?.['description'],
      type: 'array',
      items: { default: {}, allOf: [{ $ref: '#/components/schemas/io.k8s.api.core.v1.Container' }] },
      'x-kubernetes-list-map-keys': ['name'],
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-patch-merge-key': 'name',
      'x-kubernetes-patch-strategy': 'merge',
    });
    assert.match(
      JSON.stringify(spec?.['properties']?.['containers']?.['description']),
      /^"List of containers belonging to the pod/,
    );
    assert.deepEqual(schemas?.['io.k8s.api.apps.v1.Deployment']?.['x-kubernetes-group-version-kind'], [
      { group: 'apps', version: 'v1', kind: 'Deployment' },
    ]);
    const { description, ...either } = schemas?.['io.k8s.apimachinery.pkg.util.intstr.IntOrString'] ?? {};
    assert.match(JSON.stringify(description), /whole number or a text/);
    assert.deepEqual(either, {
      format: 'int-or-string',
      oneOf: [{ type: 'integer' }, { type: 'string' }],
    });
  });

  it('says of every type and field what it is for', () => {
    const silent = new Set<string>();
    const all = new OpenApiV3({ ...options, kinds: [...options.kinds, ...USAGE_KINDS] });
    for (const path of Object.keys(all.index().paths)) {
      const document = JSON.parse(String(all.document(path)?.bytes)) as Node;
      for (const [typeName, schema] of Object.entries(document['components']?.['schemas'] ?? {})) {
        if (!schema['description']) silent.add(typeName);
        for (const [field, { description }] of Object.entries(schema['properties'] ?? {})) {
          if (!description) silent.add(`${typeName}.${field}`);
        }
      }
    }
    assert.deepEqual([...silent], []);
  });

  it('tells what hangs below a pod', () => {
    const paths = documentOf('api/v1')['paths'] ?? {};
    const methods = (name: string): string[] =>
      Object.keys(paths[`/api/v1/namespaces/{namespace}/pods/{name}/${name}`] ?? {});
    assert.deepEqual(methods('log'), ['get', 'parameters']);
    assert.deepEqual(methods('exec'), ['get', 'post', 'parameters']);
    assert.deepEqual(methods('eviction'), ['post', 'parameters']);
    assert.deepEqual(methods('status'), ['get', 'put', 'patch', 'parameters']);
  });
});

describe('OpenAPI v2', () => {
  it('tells the same in its own form', () => {
    const document = JSON.parse(String(new OpenApiV2(options).document().bytes)) as Node;
    const definitions = new Set(Object.keys(document['definitions'] ?? {}));
    for (const reference of valuesOf(document, '$ref'))
      assert.ok(definitions.has(reference.replace('#/definitions/', '')), reference);
    const post = document['paths']?.['/api/v1/namespaces/{namespace}/pods']?.['post'];
    assert.deepEqual(post?.['parameters']?.[0], {
      name: 'body',
      in: 'body',
      required: true,
      schema: { $ref: '#/definitions/io.k8s.api.core.v1.Pod' },
    });
    assert.deepEqual(post?.['consumes'], ['application/json', 'application/yaml']);
    assert.deepEqual(post?.['responses']?.['201'], {
      description: 'Created',
      schema: { $ref: '#/definitions/io.k8s.api.core.v1.Pod' },
    });
  });

  it('is a message as well, for Go clients', () => {
    const document = JSON.parse(String(new OpenApiV2(options).document().bytes)) as Node;
    const message = fieldsOf(documentMessage(document));
    assert.equal(textOf(message.get(1)?.[0]), '2.0');
    const definitions = new Map(
      fieldsOf(bytesOf(message.get(9)?.[0]))
        .get(1)
        ?.map(namedOf),
    );
    assert.deepEqual([...definitions.keys()], Object.keys(document['definitions'] ?? {}));
    const pod = fieldsOf(bytesOf(definitions.get('io.k8s.api.core.v1.Pod')));
    const properties = new Map(
      fieldsOf(bytesOf(pod.get(25)?.[0]))
        .get(1)
        ?.map(namedOf),
    );
    const spec = fieldsOf(bytesOf(properties.get('spec')));
    assert.equal(textOf(spec.get(1)?.[0]), '#/definitions/io.k8s.api.core.v1.PodSpec');
    const extensions = new Map(pod.get(31)?.map(namedOf));
    const kindsOfPod = fieldsOf(bytesOf(extensions.get('x-kubernetes-group-version-kind')));
    assert.deepEqual(JSON.parse(textOf(kindsOfPod.get(2)?.[0])), [{ group: '', version: 'v1', kind: 'Pod' }]);

    const paths = new Map(
      fieldsOf(bytesOf(message.get(8)?.[0]))
        .get(2)
        ?.map(namedOf),
    );
    const post = fieldsOf(bytesOf(fieldsOf(bytesOf(paths.get('/api/v1/namespaces/{namespace}/pods'))).get(4)?.[0]));
    assert.equal(textOf(post.get(5)?.[0]), 'createCoreV1NamespacedPod');
    assert.equal(post.get(8)?.length, 4, 'the body and three options');
  });
});

/** All values of each field. */
function fieldsOf(bytes: Uint8Array): Map<number, (Uint8Array | number)[]> {
  const reader = new Reader(bytes);
  const fields = new Map<number, (Uint8Array | number)[]>();
  while (!reader.done) {
    const { field, wire } = reader.tag();
    const value = wire === 2 ? reader.bytes() : reader.varint();
    fields.set(field, [...(fields.get(field) ?? []), value]);
  }
  return fields;
}

function bytesOf(value: Uint8Array | number | undefined): Uint8Array {
  assert.ok(value instanceof Uint8Array);
  return value;
}

function textOf(value: Uint8Array | number | undefined): string {
  return Buffer.from(bytesOf(value)).toString();
}

function namedOf(value: Uint8Array | number): [string, Uint8Array] {
  const fields = fieldsOf(bytesOf(value));
  return [textOf(fields.get(1)?.[0]), bytesOf(fields.get(2)?.[0])];
}
