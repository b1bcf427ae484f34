/** `kubectl explain` of every kind and field says what the field is: the OpenAPI documents that it reads do. */
import assert from 'node:assert/strict';
import { SchemaDocument, type Schema } from '../../../cli/explain/schema.ts';
import { RestClient } from '../../../lib/client/rest.ts';
import { systemClock } from '../../../lib/clock.ts';
import { TestServer } from '../../support/api-server.ts';
import { adminAccess } from '../../support/raw-requests.ts';

type Document = { readonly components?: { readonly schemas?: Readonly<Record<string, Schema>> } };

describe('descriptions of fields', function () {
  this.timeout(60_000);
  let server: TestServer;
  let client: RestClient;

  before(async () => {
    server = await TestServer.start();
    const access = await adminAccess({ kubeconfig: server.kubeconfig });
    client = new RestClient({ access, clock: systemClock, userAgent: 'test' });
  });
  after(async () => {
    client.close();
    await server.stop();
  });

  it('has one for every field of every kind that is served', async () => {
    const { paths } = await client.get<{ paths: Record<string, unknown> }>('/openapi/v3');
    const places = Object.keys(paths).filter((path) => /^apis?\/.*v\d/.test(path));
    assert.ok(places.length > 20, `only ${places.length} documents`);
    const silent = new Set<string>();
    let fields = 0;
    let seenKinds = 0;
    for (const place of places) {
      const document = await client.get<Document>(`/openapi/v3/${place}`);
      const schemas = new SchemaDocument(document);
      const seen = new Set<Schema>();
      const walk = (schema: Schema, path: string): void => {
        if (seen.has(schema)) return;
        seen.add(schema);
        for (const [name, field] of Object.entries(schema.properties ?? {})) {
          fields++;
          const inner = schemas.inner(field).schema;
          if (!(field.description || inner.description)) silent.add(`${path}.${name}`);
          walk(inner, `${path}.${name}`);
        }
      };
      for (const [name, schema] of Object.entries(document.components?.schemas ?? {})) {
        if (!schema['x-kubernetes-group-version-kind']) continue;
        seenKinds++;
        if (!schema.description) silent.add(name);
        walk(schema, name);
      }
    }
    assert.ok(seenKinds > 60 && fields > 2000, `only ${seenKinds} kinds with ${fields} fields`);
    assert.deepEqual([...silent], []);
  });
});
