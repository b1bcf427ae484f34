import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { parsePlace } from '../../../cli/copy/place.ts';
import { unpack } from '../../../cli/copy/unpack.ts';
import { Untar } from '../../../cli/copy/untar.ts';
import { tar, type TarEntry } from '../../../cli/local/tar.ts';

async function* pieces(archive: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < archive.length; at += size) yield Promise.resolve(archive.subarray(at, at + size)) as never;
}

describe('an archive', () => {
  it('is read as it was written, in pieces of any size', async () => {
    const name = fc.string({ minLength: 1, maxLength: 150, unit: fc.constantFrom('a', 'b', 'c', '/', 'é') });
    const entries = fc.array(fc.record({ path: name, content: fc.uint8Array({ maxLength: 2000 }) }), { maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(entries, fc.integer({ min: 1, max: 3000 }), async (files, size) => {
        const archive = tar(
          files.map((file): TarEntry => ({ type: 'file', path: file.path, content: Buffer.from(file.content) })),
        );
        const untar = new Untar(pieces(archive, size));
        for (const { path, content } of files) {
          assert.deepEqual(await untar.next(), { type: 'file', path, mode: 0o644, size: content.length });
          const read: Buffer[] = [];
          for await (const piece of untar.content()) read.push(piece);
          assert.deepEqual(Buffer.concat(read), Buffer.from(content));
        }
        assert.equal(await untar.next(), undefined);
      }),
      { numRuns: 50 },
    );
  });

  it('that is none is refused, and nothing else happens', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 2000 }), async (bytes) => {
        fc.pre(bytes.some((byte) => byte !== 0));
        await assert.rejects(async () => {
          const untar = new Untar(pieces(Buffer.from(bytes), 100));
          while (await untar.next());
          throw new Error('the archive ends too early');
        }, /archive/);
      }),
    );
  });

  it('writes nothing outside of its target', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'dure-unpack-'));
    try {
      const warnings: string[] = [];
      const content = Buffer.from('x');
      const paths = ['src/good', 'src/../../bad', '/etc/bad', 'src/a/../../../bad', 'other', 'src/./fine'];
      const archive = tar(paths.map((path) => ({ type: 'file', path, content })));
      const target = join(directory, 'into/here');
      const written = await unpack({
        archive: pieces(archive, 512),
        root: 'src',
        target,
        warn: (line) => warnings.push(line),
      });
      assert.equal(written, 2);
      assert.equal(warnings.length, 4);
      assert.deepEqual(readdirSync(target).toSorted(), ['fine', 'good']);
      assert.equal(readFileSync(join(target, 'good'), 'utf8'), 'x');
      assert.deepEqual(readdirSync(directory), ['into']);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

describe('what cp is given', () => {
  it('is a file here, or one of a pod', () => {
    assert.deepEqual(parsePlace('/tmp/a:b'), { where: 'here', path: '/tmp/a:b' });
    assert.deepEqual(parsePlace('./a:b'), { where: 'here', path: './a:b' });
    assert.deepEqual(parsePlace('a'), { where: 'here', path: 'a' });
    assert.deepEqual(parsePlace('p:/x'), { where: 'pod', namespace: undefined, pod: 'p', path: '/x' });
    assert.deepEqual(parsePlace('n/p:x:y'), { where: 'pod', namespace: 'n', pod: 'p', path: 'x:y' });
    assert.throws(() => parsePlace(':x'), /filespec must match/);
  });
});
