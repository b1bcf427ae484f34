/** The images that local clusters, examples and tests need, made from programs that Debian packages bring. */
import { readFileSync } from 'node:fs';
import type { ImageRecipe, OciImage } from './oci.ts';
import { buildImage, pushImage } from './oci.ts';
import { run } from '../../lib/process.ts';
import type { TarEntry } from './tar.ts';

/** The name under which hosts know the registry of their cluster. */
export const REGISTRY_NAME = 'registry.dure.internal:5000';

/** Full names, for use in pods. */
export const IMAGES = {
  pause: `${REGISTRY_NAME}/pause:1`,
  busybox: `${REGISTRY_NAME}/busybox:1.36`,
  hello: `${REGISTRY_NAME}/hello:1`,
  /** Says `Howdy` instead of `Hello`: something to update to. */
  hello2: `${REGISTRY_NAME}/hello:2`,
};

const PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Answers each request with a line that names the pod: the host name is the pod's name. */
const HELLO_CGI = `#!/bin/sh
printf 'Content-Type: text/plain\\r\\n\\r\\n'
echo "$GREETING from $(hostname)"
`;

/**
 * The first process of a container gets no signals by default: without a trap a stop would wait for the whole grace.
 * It goes on serving for DRAIN_SECONDS, so that requests sent by those who have not heard of the stop yet are answered.
 */
const HELLO_START = `#!/bin/sh
httpd -f -p "\${PORT:-8080}" -h /www &
trap 'sleep "\${DRAIN_SECONDS:-0}"; kill $!; exit 0' TERM INT
wait $!
`;

/** Builds all images. Programs are taken from this machine's packages busybox-static and catatonit. */
export async function buildImages(): Promise<OciImage[]> {
  const applets = (await run('/usr/bin/busybox', ['--list'])).trim().split('\n');
  const base = busyboxFiles(readFileSync('/usr/bin/busybox'), applets);
  return [
    pauseRecipe(readFileSync('/usr/bin/catatonit')),
    { name: 'busybox:1.36', files: base, command: ['sh'], environment: [PATH] },
    helloRecipe('hello:1', 'Hello', base),
    helloRecipe('hello:2', 'Howdy', base),
  ].map(buildImage);
}

/** Builds all images and pushes them to the registry at `url`. */
export async function provideImages(url: string): Promise<void> {
  for (const image of await buildImages()) await pushImage(url, image);
}

function pauseRecipe(catatonit: Buffer): ImageRecipe {
  const files: TarEntry[] = [{ type: 'file', path: 'pause', mode: 0o755, content: catatonit }];
  return { name: 'pause:1', files, entrypoint: ['/pause', '-P'] };
}

function helloRecipe(name: string, greeting: string, base: readonly TarEntry[]): ImageRecipe {
  return {
    name,
    files: [
      ...base,
      directory('www'),
      directory('www/cgi-bin'),
      { type: 'file', path: 'www/cgi-bin/index.cgi', mode: 0o755, content: Buffer.from(HELLO_CGI) },
      { type: 'file', path: 'www/healthz', content: Buffer.from('ok\n') },
      { type: 'file', path: 'bin/serve-hello', mode: 0o755, content: Buffer.from(HELLO_START) },
    ],
    entrypoint: ['/bin/serve-hello'],
    environment: [PATH, `GREETING=${greeting}`],
    ports: ['8080/tcp'],
  };
}

function busyboxFiles(busybox: Buffer, applets: readonly string[]): TarEntry[] {
  const links = applets.filter((name) => name !== 'busybox').toSorted();
  return [
    ...['bin', 'etc', 'home', 'root', 'usr', 'usr/bin', 'var'].map(directory),
    { ...directory('tmp'), mode: 0o1777 },
    { type: 'file', path: 'etc/passwd', content: Buffer.from(PASSWD) },
    { type: 'file', path: 'etc/group', content: Buffer.from('root:x:0:\nnobody:x:65534:\n') },
    { type: 'file', path: 'bin/busybox', mode: 0o755, content: busybox },
    ...links.map((name): TarEntry => ({ type: 'symlink', path: `bin/${name}`, target: 'busybox' })),
    { type: 'symlink', path: 'usr/bin/env', target: '../../bin/busybox' },
  ];
}

const PASSWD = 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n';

function directory(path: string): { type: 'directory'; path: string } {
  return { type: 'directory', path };
}
