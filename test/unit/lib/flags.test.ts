import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FlagError, duration, list, number, oneOf, readFlags, text } from '../../../lib/flags.ts';

const program = {
  name: 'dure test',
  summary: 'A program.',
  flags: {
    dataDir: text('directory', 'where data is', '/var/lib/dure'),
    port: number('port', 'where it listens', 6443, [1, 65_535]),
    nodeTimeout: duration('how long', '2s'),
    server: list('url', 'servers'),
    logLevel: oneOf(['info', 'debug'], 'how much', 'info'),
    token: text('token', 'the token'),
  },
};

describe('flags', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'dure-flags-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  function file(content: string): string {
    const path = join(directory, 'config.yaml');
    writeFileSync(path, content);
    return path;
  }

  it('have their defaults when nobody says anything', () => {
    assert.deepEqual(readFlags(program, [], {}), {
      dataDir: '/var/lib/dure',
      port: 6443,
      nodeTimeout: 2000,
      server: [],
      logLevel: 'info',
      token: undefined,
    });
  });

  it('come from the command line before the environment before the file', () => {
    const path = file('port: 1\ndata-dir: /file\nnode-timeout: 1500ms\nserver: [a, b]\n');
    const environment = { DURE_PORT: '2', DURE_DATA_DIR: '/environment' };
    const values = readFlags(program, ['--config', path, '--port', '3'], environment);
    assert.equal(values?.port, 3);
    assert.equal(values?.dataDir, '/environment');
    assert.equal(values?.nodeTimeout, 1500);
    assert.deepEqual(values?.server, ['a', 'b']);
  });

  it('collect a flag that is given again', () => {
    assert.deepEqual(readFlags(program, ['--server', 'a', '--server', 'b,c'], {})?.server, ['a', 'b', 'c']);
  });

  const mistakes: [string, string[], NodeJS.ProcessEnv, string | undefined, RegExp][] = [
    ['an unknown flag', ['--prot', '1'], {}, undefined, /unknown option '--prot'/],
    ['a value of the wrong kind', ['--port', 'http'], {}, undefined, /^--port "http": must be a whole number/],
    ['a value out of range', ['--port', '70000'], {}, undefined, /from 1 to 65535/],
    [
      'a wrong variable',
      [],
      { DURE_NODE_TIMEOUT: '2 days' },
      undefined,
      /^DURE_NODE_TIMEOUT "2 days": must be a length/,
    ],
    ['a wrong choice', ['--log-level', 'all'], {}, undefined, /must be one of info, debug/],
    ['an unknown key in the file', [], {}, 'prot: 1', /unknown flag "prot"/],
    ['a nested value in the file', [], {}, 'port: {a: 1}', /port: must be a single value/],
    ['a nested value in a list in the file', [], {}, 'port: [{toString: 1}]', /port: must be a single value/],
    ['a file that is a list', [], {}, '- a', /must be a mapping/],
  ];
  for (const [what, args, environment, content, message] of mistakes) {
    it(`refuse ${what} in one line`, () => {
      const given = content === undefined ? args : [...args, '--config', file(content)];
      assert.throws(
        () => readFlags(program, given, environment),
        (error: unknown) => error instanceof FlagError && message.test(error.message) && !error.message.includes('\n'),
      );
    });
  }

  it('refuse a file that is not there', () => {
    assert.throws(() => readFlags(program, ['--config', join(directory, 'none')], {}), /--config .*ENOENT/);
  });
});
