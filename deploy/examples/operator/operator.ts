/** Keeps a config map for each greeting: watches through an informer, plans, and carries the steps out one by one. */
import { hostname } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import {
  ApiException,
  CoordinationV1Api,
  CoreV1Api,
  CustomObjectsApi,
  KubeConfig,
  makeInformer,
  PatchStrategy,
  setHeaderOptions,
  type Informer,
} from '@kubernetes/client-node';
import { FINALIZER, GROUP, MANAGER, plan, PLURAL, VERSION, type Greeting, type Step } from './greeting.ts';
import { Leader } from './leader.ts';

const RENEW_MILLISECONDS = 1_000;
const LEASE_SECONDS = 5;
const RETRY_MILLISECONDS = 1_000;
const NOT_FOUND = 404;

export class Operator {
  readonly #core: CoreV1Api;
  readonly #custom: CustomObjectsApi;
  readonly #informer: Informer<Greeting>;
  readonly #stopping = new AbortController();
  /** Those to look at, by namespace and name: however often one changes, it stands here once. */
  readonly #waiting = new Map<string, Greeting['metadata']>();
  #wake = Promise.withResolvers<void>();

  constructor(config: KubeConfig) {
    this.#core = config.makeApiClient(CoreV1Api);
    this.#custom = config.makeApiClient(CustomObjectsApi);
    const list = (): Promise<{ items: Greeting[] }> =>
      this.#custom.listCustomObjectForAllNamespaces({ group: GROUP, version: VERSION, resourcePlural: PLURAL });
    this.#informer = makeInformer<Greeting>(config, `/apis/${GROUP}/${VERSION}/${PLURAL}`, list);
    this.#informer.on('change', ({ metadata }) => this.#enqueue(metadata));
    // Whatever went wrong, the informer stops there: it begins again, and lists what it missed.
    this.#informer.on('error', (error: unknown) => {
      if (this.#stopping.signal.aborted) return;
      console.error(`watching greetings: ${String(error)}; trying again`);
      void this.#begin(RETRY_MILLISECONDS);
    });
  }

  /** Works until it is stopped. */
  async run(): Promise<void> {
    await this.#begin(0);
    while (!this.#stopping.signal.aborted) {
      const [next] = this.#waiting;
      if (!next) {
        await this.#wake.promise;
        continue;
      }
      const [key, metadata] = next;
      this.#waiting.delete(key);
      await this.#reconcile(metadata).catch((error: unknown) => this.#again(metadata, error));
    }
    await this.#informer.stop();
  }

  stop(): void {
    this.#stopping.abort();
    this.#wake.resolve();
  }

  async #begin(afterMilliseconds: number): Promise<void> {
    await pause(afterMilliseconds);
    if (!this.#stopping.signal.aborted) await this.#informer.start();
  }

  #enqueue(metadata: Greeting['metadata']): void {
    this.#waiting.set(`${metadata.namespace}/${metadata.name}`, metadata);
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }

  #again(metadata: Greeting['metadata'], error: unknown): void {
    console.error(`greeting ${metadata.namespace}/${metadata.name}: ${String(error)}; trying again`);
    void pause(RETRY_MILLISECONDS).then(() => this.#enqueue(metadata));
  }

  /** Reads it anew, as what the informer holds may be old. */
  async #reconcile({ namespace = '', name = '' }: Greeting['metadata']): Promise<void> {
    const where = { group: GROUP, version: VERSION, plural: PLURAL, namespace, name };
    const greeting = await ifFound<Greeting>(this.#custom.getNamespacedCustomObject(where));
    if (!greeting) return;
    for (const step of plan(greeting, new Date())) await this.#carryOut(step, greeting, where);
  }

  async #carryOut(step: Step, greeting: Greeting, where: Where): Promise<void> {
    const { namespace, name } = where;
    switch (step.type) {
      case 'hold':
        return this.#setFinalizers(greeting, where, [...(greeting.metadata.finalizers ?? []), FINALIZER]);
      case 'apply': {
        const request = { namespace, name, body: step.configMap, fieldManager: MANAGER, force: true };
        await this.#core.patchNamespacedConfigMap(request, APPLY);
        return;
      }
      case 'report': {
        const { generation } = greeting.metadata;
        const status = { observedGeneration: generation, conditions: [step.condition] };
        const body = { apiVersion: greeting.apiVersion, kind: greeting.kind, metadata: { name, namespace }, status };
        const request = { ...where, body, fieldManager: MANAGER, force: true };
        await this.#custom.patchNamespacedCustomObjectStatus(request, APPLY);
        return;
      }
      case 'clean-up':
        await ifFound(this.#core.deleteNamespacedConfigMap({ namespace, name }));
        return;
      case 'let-go':
        return this.#setFinalizers(
          greeting,
          where,
          (greeting.metadata.finalizers ?? []).filter((finalizer) => finalizer !== FINALIZER),
        );
    }
  }

  /** A conflict when somebody else changed it meanwhile: finalizers of others must not be lost. */
  async #setFinalizers({ metadata }: Greeting, where: Where, finalizers: string[]): Promise<void> {
    const body = { metadata: { finalizers, resourceVersion: metadata.resourceVersion } };
    const options = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);
    await this.#custom.patchNamespacedCustomObject({ ...where, body, fieldManager: MANAGER }, options);
  }
}

interface Where {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly namespace: string;
  readonly name: string;
}

const APPLY = setHeaderOptions('Content-Type', PatchStrategy.ServerSideApply);

async function ifFound<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ApiException && error.code === NOT_FOUND) return undefined;
    throw error;
  }
}

/** Works while it leads. Resolves when stopped, or when the lead was lost: what runs it then starts it anew. */
export async function lead(config: KubeConfig, namespace: string, identity: string, stop: AbortSignal): Promise<void> {
  const api = config.makeApiClient(CoordinationV1Api);
  const leader = new Leader({ api, namespace, name: MANAGER, identity, leaseSeconds: LEASE_SECONDS });
  const operator = new Operator(config);
  let working: Promise<void> | undefined;
  let heldAt = performance.now();
  while (!stop.aborted) {
    // A server that does not answer is no reason to stop before the lease has run out.
    const holds = await leader.hold().catch((error: unknown) => {
      console.error(`lease: ${String(error)}`);
      return undefined;
    });
    if (holds) {
      heldAt = performance.now();
      working ??= operator.run();
    } else if (working && (holds === false || performance.now() - heldAt > LEASE_SECONDS * 1000)) break;
    await pause(RENEW_MILLISECONDS, undefined, { signal: stop }).catch(() => undefined);
  }
  operator.stop();
  await working;
  if (stop.aborted) await leader.release();
}

if (import.meta.main) {
  const config = new KubeConfig();
  config.loadFromDefault();
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  const namespace = process.env['NAMESPACE'] ?? 'default';
  await lead(config, namespace, process.env['IDENTITY'] ?? `${hostname()}-${process.pid}`, stop.signal);
}
