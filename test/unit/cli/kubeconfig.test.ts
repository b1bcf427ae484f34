import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { parse, stringify } from 'yaml';
import { kubeconfigPaths, loadKubeconfig, resolveKubeconfig } from '../../../cli/kubeconfig.ts';
import { readPlainYaml } from '../../../cli/plain-yaml.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

describe('kubeconfig', () => {
  let directory: string;
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'dure-kubeconfig-'))));
  afterEach(() => rmSync(directory, { recursive: true }));

  const file = (name: string, content: object): string => {
    const path = join(directory, name);
    writeFileSync(path, stringify(content));
    return path;
  };

  const one = {
    'current-context': 'a',
    clusters: [{ name: 'c', cluster: { server: 'https://one:6443', 'certificate-authority': 'ca.pem' } }],
    users: [{ name: 'u', user: { 'client-certificate-data': base64('CERT'), 'client-key-data': base64('KEY') } }],
    contexts: [{ name: 'a', context: { cluster: 'c', user: 'u', namespace: 'web' } }],
  };

  it('comes from the flag, the variable or the home, in this order', () => {
    assert.deepEqual(kubeconfigPaths('/x', { KUBECONFIG: '/a' }, '/home'), ['/x']);
    assert.deepEqual(kubeconfigPaths(undefined, { KUBECONFIG: '/a:/b::/a' }, '/home'), ['/a', '/b']);
    assert.deepEqual(kubeconfigPaths(undefined, {}, '/home'), ['/home/.kube/config']);
  });

  it('comes down to a server, an authority beside the file, and embedded certificates', () => {
    writeFileSync(join(directory, 'ca.pem'), 'AUTHORITY');
    const { access, namespace } = resolveKubeconfig(loadKubeconfig([file('one', one)]), {});
    assert.deepEqual(access, {
      server: 'https://one:6443',
      authority: 'AUTHORITY',
      client: { certificate: 'CERT', key: 'KEY' },
    });
    assert.equal(namespace, 'web');
  });

  it('merges files, the first to say something winning', () => {
    const two = {
      'current-context': 'b',
      clusters: [
        { name: 'c', cluster: { server: 'https://two' } },
        { name: 'd', cluster: { server: 'https://d' } },
      ],
      users: [{ name: 'v', user: { token: 'secret' } }],
      contexts: [{ name: 'b', context: { cluster: 'd', user: 'v' } }],
    };
    const config = loadKubeconfig([file('one', one), join(directory, 'missing'), file('two', two)]);
    assert.equal(config.currentContext, 'a');
    assert.equal(config.clusters.get('c')?.server, 'https://one:6443');
    assert.deepEqual(resolveKubeconfig(config, { context: 'b' }).access, { server: 'https://d', token: 'secret' });
  });

  it('lets flags say otherwise', () => {
    const config = loadKubeconfig([file('one', one)]);
    const { access } = resolveKubeconfig(config, { server: 'other:1', insecureSkipTlsVerify: true, token: 't' });
    assert.equal(access.server, 'https://other:1');
    assert.equal(access.insecureSkipVerify, true);
    assert.equal(access.authority, undefined);
    assert.equal(access.token, 't');
  });

  it('says in whose name to ask, flags first', () => {
    writeFileSync(join(directory, 'ca.pem'), 'AUTHORITY');
    const users = [{ name: 'u', user: { token: 't', as: 'ann', 'as-groups': ['devs'], 'as-uid': '1' } }];
    const config = loadKubeconfig([file('as', { ...one, users })]);
    assert.deepEqual(resolveKubeconfig(config, {}).access.impersonate, { user: 'ann', uid: '1', groups: ['devs'] });
    const flagged = resolveKubeconfig(config, { as: 'bob', asGroup: ['ops', 'qa'] }).access.impersonate;
    assert.deepEqual(flagged, { user: 'bob', uid: '1', groups: ['ops', 'qa'] });
  });

  it('says which context, cluster or way to log in is the problem', () => {
    const config = loadKubeconfig([file('one', one)]);
    assert.throws(() => resolveKubeconfig(config, { context: 'z' }), /context "z" does not exist/);
    assert.throws(() => resolveKubeconfig(config, { cluster: 'z' }), /cluster "z" does not exist/);
    const plugin = { ...one, users: [{ name: 'u', user: { exec: { command: 'aws' } } }] };
    assert.throws(
      () => resolveKubeconfig(loadKubeconfig([file('p', plugin)]), { insecureSkipTlsVerify: true }),
      /"exec"/,
    );
    writeFileSync(join(directory, 'broken'), 'a: [');
    assert.throws(() => loadKubeconfig([join(directory, 'broken')]), /error loading config file/);
  });
});

describe('plain YAML', () => {
  it('reads a kubeconfig as the parser reads it', () => {
    const word = fc.stringMatching(/^[A-Za-z/][A-Za-z0-9+/=._@-]{0,20}$/);
    const entry = fc.dictionary(fc.stringMatching(/^[a-z][a-z-]{0,8}$/), fc.oneof(word, fc.boolean()), {
      minKeys: 1,
      maxKeys: 4,
    });
    const config = fc.record({
      kind: word,
      clusters: fc.array(fc.record({ name: word, cluster: entry }), { minLength: 1, maxLength: 3 }),
    });
    fc.assert(
      fc.property(config, fc.boolean(), (value, indentSeq) => {
        const text = stringify(value, { indentSeq });
        const read = readPlainYaml(text);
        if (read !== undefined) assert.deepEqual(read, parse(text));
      }),
    );
    assert.deepEqual(readPlainYaml('a: b\nl:\n- name: x\n  y:\n    z: "q r"\n- name: w\n'), {
      a: 'b',
      l: [{ name: 'x', y: { z: 'q r' } }, { name: 'w' }],
    });
  });

  it('never disagrees with the parser, whatever the text', () => {
    const piece = fc.constantFrom(
      'a',
      'b: ',
      ':',
      '- ',
      '\n',
      '\n  ',
      '\n- ',
      'true',
      '1',
      '"x"',
      "'",
      '{',
      '|',
      '#',
      'yes',
      '&',
      '*',
      'null',
      '~',
      ' ',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const text = pieces.join('');
        const read = readPlainYaml(text);
        if (read !== undefined) assert.deepEqual(read, parse(text), text);
      }),
      { numRuns: 2000 },
    );
  });
});
