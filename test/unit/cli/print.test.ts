import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parse } from 'yaml';
import { sortedBy } from '../../../cli/get/sort.ts';
import { aligned } from '../../../cli/print/align.ts';
import { CustomColumns } from '../../../cli/print/custom-columns.ts';
import { elastic } from '../../../cli/print/elastic.ts';
import { jsonText } from '../../../cli/print/json.ts';
import { Template } from '../../../api/machinery/jsonpath.ts';
import { printerFor } from '../../../cli/print/printer.ts';
import { yamlText } from '../../../cli/print/yaml.ts';

const list = {
  items: [
    { metadata: { name: 'a', labels: { 'x.y/z': '1' } }, spec: { n: 3, ports: [80, 443] } },
    { metadata: { name: 'b' }, spec: { n: 5, ports: [8080] } },
  ],
};

describe('JSONPath', () => {
  const cases: [string, string][] = [
    ['{.items[*].metadata.name}', 'a b'],
    ['{.items[0].metadata.name}', 'a'],
    ['{.items[-1:].metadata.name}', 'b'],
    ['{.items[0].spec.ports[0:2]}', '80 443'],
    ['{.items[?(@.spec.n>3)].metadata.name}', 'b'],
    ['{.items[?(@.metadata.name=="a")].spec.n}', '3'],
    ['{.items[?(@.metadata.labels)].metadata.name}', 'a'],
    ['{.items[0].metadata.labels.x\\.y/z}', '1'],
    ["{.items[0].metadata['name']}", 'a'],
    ["{.items[*]['metadata.name', 'spec.n']}", 'a 3 b 5'],
    ['{range .items[*]}{.metadata.name}{"\\t"}{.spec.n}{"\\n"}{end}', 'a\t3\nb\t5\n'],
    ['{..name}', 'a b'],
    ['n={.items[1].spec.n}!', 'n=5!'],
    ['{.nothing.here}', ''],
    ['{.items[0].spec}', '{"n":3,"ports":[80,443]}'],
    ['{$.items[1].metadata.name}', 'b'],
  ];
  for (const [template, expected] of cases) {
    it(`finds ${template}`, () => assert.equal(Template.parse(template).text(list), expected));
  }

  it('says what is wrong with a template', () => {
    for (const broken of ['{.a', '{.items[}', '{range .items[*]}x', '{end}', '{.a[x]}', '{foo}']) {
      assert.throws(() => Template.parse(broken), { name: 'JsonPathError' }, broken);
    }
    assert.throws(() => Template.parse('{.items[7]}').text(list), /out of bounds/);
  });

  it('never fails but with an error for the user', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...Array.from('{}[]().*@?$"\'ab,:=< range')) }), (text) => {
        try {
          Template.parse(text).text(list);
        } catch (error) {
          assert.equal((error as Error).name, 'JsonPathError', (error as Error).stack);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('printers', () => {
  it('set custom columns', () => {
    const columns = CustomColumns.parse('NAME:.metadata.name,PORTS:.spec.ports[*],NONE:.x');
    assert.equal(columns.text(list, false), 'NAME   PORTS    NONE\na      80,443   <none>\nb      8080     <none>\n');
  });

  it('align columns, but pad no last cell', () => {
    assert.deepEqual(
      aligned([
        ['NAME', 'AGE'],
        ['a-long-name', '1s'],
      ]),
      ['NAME          AGE', 'a-long-name   1s'],
    );
  });

  it('line up cells within a run of lines only', () => {
    assert.deepEqual(elastic(['A:\tx', 'Long:\ty', 'title', 'B:\tz']), ['A:     x', 'Long:  y', 'title', 'B:  z']);
  });

  it("write JSON with keys in order and Go's escapes", () => {
    assert.equal(jsonText({ b: 1, a: '<&>' }), '{\n    "a": "\\u003c\\u0026\\u003e",\n    "b": 1\n}\n');
  });

  it('write YAML that reads as what it was', () => {
    const value = fc.dictionary(
      fc.string({ minLength: 1 }).filter((key) => key !== '__proto__' && key !== '<<'),
      fc.oneof(fc.string(), fc.integer(), fc.boolean()),
    );
    fc.assert(
      fc.property(value, (object) =>
        assert.deepEqual(parse(yamlText(object), { version: '1.1' }) ?? {}, { ...object }),
      ),
    );
    assert.equal(yamlText({ a: 'true', b: '1', c: 'x: y', d: 'yes' }), 'a: "true"\nb: "1"\nc: \'x: y\'\nd: "yes"\n');
  });

  it('refuse what there is no printer for', async () => {
    await assert.rejects(printerFor('xml'), /unable to match a printer suitable for the output format "xml"/);
    await assert.rejects(printerFor('jsonpath='), /no template given/);
  });

  it('leave managedFields out unless they are asked for', async () => {
    const object = { metadata: { name: 'a', managedFields: [{ manager: 'x' }] } };
    assert.doesNotMatch((await printerFor('json')).print(object), /managedFields/);
    assert.match((await printerFor('json', { showManagedFields: true })).print(object), /managedFields/);
  });

  it('sort by numbers, quantities and text', () => {
    const names = (values: unknown[]): unknown[] => sortedBy(values, '.v', (value) => ({ v: value }));
    assert.deepEqual(names([10, 9, 100]), [9, 10, 100]);
    assert.deepEqual(names(['1Gi', '500Mi', '2Gi']), ['500Mi', '1Gi', '2Gi']);
    assert.deepEqual(names(['b', 'a']), ['a', 'b']);
    assert.throws(() => sortedBy([{}], '.nope', (value) => value), /couldn't find any field/);
  });
});
