/** Asks whether the server behind an APIService answers. */
import type { APIService } from '../../api/types/apiregistration.v1.ts';
import { isRemote, type RemoteApi } from './remote-apis.ts';
import type { RemoteReader } from './remote-reader.ts';

/** Each may meet another endpoint; one that answers is enough. */
const ATTEMPTS = 5;
const TIMEOUT_MILLISECONDS = 5_000;
const MAX_BYTES = 4 * 1024 * 1024;

/** Rejects with an Error that says what the last attempt met. */
export async function probe(reader: RemoteReader, api: APIService): Promise<void> {
  if (!isRemote(api)) throw new Error('nobody is asked for what is served here');
  const { group, version } = api.spec;
  const path = `/apis/${group}/${version}`;
  try {
    await attempt(reader, api, path);
  } catch {
    // The others may meet endpoints that answer; if none does, their error says why.
    const rest = Array.from({ length: ATTEMPTS - 1 }, () => attempt(reader, api, path));
    await Promise.any(rest).catch((error: AggregateError) => {
      throw error.errors.at(-1);
    });
  }
}

async function attempt(reader: RemoteReader, api: RemoteApi, path: string): Promise<void> {
  const { name, namespace, port } = api.spec.service;
  const url = `https://${name}.${namespace}.svc:${port}${path}`;
  const question = { path, accept: 'application/json', milliseconds: TIMEOUT_MILLISECONDS, maxBytes: MAX_BYTES };
  let code: number;
  try {
    ({ code } = await reader.ask(api, question));
  } catch (cause) {
    throw new Error(
      `failing or missing response from ${url}: Get ${JSON.stringify(url)}: ${(cause as Error).message}`,
      {
        cause,
      },
    );
  }
  if (code < 200 || code > 299) {
    throw new Error(`failing or missing response from ${url}: bad status from ${url}: ${code}`);
  }
}
