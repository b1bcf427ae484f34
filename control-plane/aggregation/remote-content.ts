/** Empties namespaces of what other API servers hold in them. */
import type { KubeObject } from '../../api/object.ts';
import type { Remains, RemoteResource } from '../controllers/elsewhere.ts';
import type { RemoteApi, RemoteApis } from './remote-apis.ts';
import type { Answer, Question, RemoteReader } from './remote-reader.ts';

const METADATA = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json';
const LIMITS = { milliseconds: 10_000, maxBytes: 16 * 1024 * 1024 };
/** Objects that are looked at, and deleted one by one, at a time; the rest has its turn when they are gone. */
const PAGE = 500;
const CONCURRENCY = 16;

interface MetadataList {
  readonly metadata?: { readonly remainingItemCount?: number };
  readonly items?: readonly KubeObject[];
}

export class RemoteContent {
  private readonly options: { readonly apis: RemoteApis; readonly reader: RemoteReader };

  constructor(options: { readonly apis: RemoteApis; readonly reader: RemoteReader }) {
    this.options = options;
  }

  /** Deletes all of the resource in the namespace and tells what is still there. Rejects with an Error that says what failed. */
  async empty({ group, version, resource, verbs }: RemoteResource, namespace: string): Promise<Remains> {
    const api = this.options.apis.find(group, version);
    const path = `/apis/${group}/${version}/namespaces/${namespace}/${resource}`;
    if (api) {
      if (!verbs.includes('deletecollection') || !(await this.deleteAll(api, path))) await this.deleteEach(api, path);
    }
    return remainsOf(`${resource}.${group}`, api && (await this.list(api, path)));
  }

  /** False when that can't be asked of it. */
  private async deleteAll(api: RemoteApi, path: string): Promise<boolean> {
    const answer = await this.delete(api, path);
    if (isMissing(answer)) return false;
    requireSuccess(answer, `delete ${path}`);
    return true;
  }

  private async deleteEach(api: RemoteApi, path: string): Promise<void> {
    const { items = [] } = (await this.list(api, path)) ?? {};
    const waiting = items.filter(({ metadata }) => !metadata.deletionTimestamp);
    for (let at = 0; at < waiting.length; at += CONCURRENCY) {
      const some = waiting.slice(at, at + CONCURRENCY).map(async ({ metadata }) => {
        const one = `${path}/${encodeURIComponent(metadata.name ?? '')}`;
        const answer = await this.delete(api, one);
        if (!isMissing(answer)) requireSuccess(answer, `delete ${one}`);
      });
      await Promise.all(some);
    }
  }

  private delete(api: RemoteApi, path: string): Promise<Answer> {
    const body = { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Background' };
    return this.ask(api, { method: 'DELETE', path, accept: 'application/json', body, ...LIMITS });
  }

  /** undefined when it has no lists. */
  private async list(api: RemoteApi, path: string): Promise<MetadataList | undefined> {
    const answer = await this.ask(api, { path: `${path}?limit=${PAGE}`, accept: METADATA, ...LIMITS });
    if (isMissing(answer)) return undefined;
    requireSuccess(answer, `list ${path}`);
    return listOf(JSON.parse(answer.body.toString()));
  }

  private ask(api: RemoteApi, question: Question): Promise<Answer> {
    return this.options.reader.ask(api, question);
  }
}

/** There is no such resource, or it can't do this; as Kubernetes takes it, there is nothing to delete then. */
function isMissing({ code }: Answer): boolean {
  return code === 404 || code === 405;
}

function requireSuccess({ code, body }: Answer, what: string): void {
  if (code < 200 || code > 299) throw new Error(`${what}: ${code}: ${JSON.stringify(body.toString().slice(0, 256))}`);
}

function listOf(answer: unknown): MetadataList {
  const list = answer as MetadataList | null;
  if (typeof list !== 'object' || !Array.isArray(list?.items ?? [])) throw new Error('the answer is no list');
  return list ?? {};
}

function remainsOf(resource: string, list: MetadataList | undefined): Remains {
  const { items = [], metadata } = list ?? {};
  const finalizers = Map.groupBy(
    items.flatMap((item) => item.metadata?.finalizers ?? []),
    (name) => name,
  );
  return {
    resource,
    objects: items.length + (metadata?.remainingItemCount ?? 0),
    finalizers: new Map([...finalizers].map(([name, { length }]) => [name, length])),
  };
}
