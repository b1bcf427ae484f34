/** Images as the OCI image specification 1.0 describes them: made here, written as a layout, pushed to a registry. */
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TarEntry } from './tar.ts';
import { tar } from './tar.ts';

export interface ImageRecipe {
  /** Repository and tag: `busybox:1.36`. */
  name: string;
  files: readonly TarEntry[];
  entrypoint?: readonly string[];
  command?: readonly string[];
  environment?: readonly string[];
  ports?: readonly string[];
}

interface Blob {
  mediaType: string;
  digest: string;
  content: Buffer;
}

export interface OciImage {
  repository: string;
  tag: string;
  manifest: Blob;
  /** Configuration and layers. */
  blobs: readonly Blob[];
}

const MEDIA = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar',
};
const ARCHITECTURES: Partial<Record<NodeJS.Architecture, string>> = { x64: 'amd64', arm64: 'arm64' };
const REQUEST_MILLISECONDS = 60_000;

export function buildImage(recipe: ImageRecipe): OciImage {
  const [repository = '', tag = 'latest'] = recipe.name.split(':');
  const layer = blob(MEDIA.layer, tar(recipe.files));
  const config = json(MEDIA.config, {
    architecture: ARCHITECTURES[process.arch] ?? process.arch,
    os: 'linux',
    config: {
      Entrypoint: recipe.entrypoint,
      Cmd: recipe.command,
      Env: recipe.environment,
      ExposedPorts: recipe.ports && Object.fromEntries(recipe.ports.map((port) => [port, {}])),
    },
    rootfs: { type: 'layers', diff_ids: [layer.digest] },
  });
  const manifest = json(MEDIA.manifest, {
    schemaVersion: 2,
    mediaType: MEDIA.manifest,
    config: descriptor(config),
    layers: [descriptor(layer)],
  });
  return { repository, tag, manifest, blobs: [config, layer] };
}

/** Writes an OCI image layout that `skopeo`, `ctr` and others read. */
export function writeLayout(image: OciImage, directory: string): void {
  const blobs = join(directory, 'blobs', 'sha256');
  mkdirSync(blobs, { recursive: true });
  for (const { digest, content } of [...image.blobs, image.manifest]) {
    writeFileSync(join(blobs, digest.slice('sha256:'.length)), content);
  }
  const named = { ...descriptor(image.manifest), annotations: { 'org.opencontainers.image.ref.name': image.tag } };
  const index = { schemaVersion: 2, mediaType: MEDIA.index, manifests: [named] };
  writeFileSync(join(directory, 'index.json'), JSON.stringify(index));
  writeFileSync(join(directory, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
}

/** Pushes by the OCI distribution specification 1.0; `registry` is a URL. What is there already is not sent again. */
export async function pushImage(registry: string, image: OciImage): Promise<void> {
  const base = `${registry}/v2/${image.repository}`;
  for (const item of image.blobs) {
    const known = await request(`${base}/blobs/${item.digest}`, { method: 'HEAD' }, [200, 404]);
    if (known.status === 404) await upload(base, item);
  }
  await request(
    `${base}/manifests/${image.tag}`,
    { method: 'PUT', headers: { 'content-type': MEDIA.manifest }, body: new Uint8Array(image.manifest.content) },
    [201],
  );
}

async function upload(base: string, { digest, content }: Blob): Promise<void> {
  const opened = await request(`${base}/blobs/uploads/`, { method: 'POST' }, [202]);
  const target = new URL(opened.headers.get('location') ?? '', base);
  target.searchParams.set('digest', digest);
  const headers = { 'content-type': 'application/octet-stream' };
  await request(target.href, { method: 'PUT', headers, body: new Uint8Array(content) }, [201]);
}

async function request(url: string, init: RequestInit, expected: number[]): Promise<Response> {
  const response = await fetch(url, { ...init, signal: AbortSignal.timeout(REQUEST_MILLISECONDS) });
  const body = await response.text();
  if (!expected.includes(response.status)) {
    throw new Error(`${init.method} ${url}: the registry answered ${response.status} ${body.slice(0, 300)}`);
  }
  return response;
}

function descriptor({ mediaType, digest, content }: Blob): { mediaType: string; digest: string; size: number } {
  return { mediaType, digest, size: content.length };
}

function json(mediaType: string, value: object): Blob {
  return blob(mediaType, Buffer.from(JSON.stringify(value)));
}

function blob(mediaType: string, content: Buffer): Blob {
  return { mediaType, content, digest: `sha256:${createHash('sha256').update(content).digest('hex')}` };
}
