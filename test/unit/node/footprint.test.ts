import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const AGENT = new URL('../../../node-agent/main.ts', import.meta.url).href;
/** `moduleLoadList` is not documented; that it names what is looked for is tested too. */
const LOADED = `await import(${JSON.stringify(AGENT)}); console.log(process.moduleLoadList.join('\\n'))`;

describe('an agent', () => {
  it('loads no HTTP client of Node and none of the metrics library, which would be a tenth of its memory', async function () {
    this.timeout(20_000);
    const loaded = async (code: string): Promise<string[]> => {
      const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', code]);
      return stdout.split('\n').filter((name) => /undici\/undici|cluster/.test(name));
    };
    assert.deepEqual(await loaded(LOADED), []);
    assert.notDeepEqual(await loaded(`await import('node:http');${LOADED}`), []);
  });
});
