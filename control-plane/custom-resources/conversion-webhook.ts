/** Conversion by a webhook (apiextensions.k8s.io/v1 ConversionReview). */
import { internalError } from '../../api/errors.ts';
import { isJsonObject } from '../../api/custom/schema.ts';
import type { KubeObject } from '../../api/object.ts';
import type { CustomResourceDefinition, WebhookClientConfig } from '../../api/types/apiextensions.v1.ts';
import type { ConvertElsewhere } from './conversion.ts';

const TIMEOUT_SECONDS = 30;
const REVIEW = 'apiextensions.k8s.io/v1';
/** Of one review, so that neither side has to hold a whole collection twice. */
const MAX_OBJECTS = 500;
const MAX_CHARACTERS = 2 * 1024 * 1024;

/** POSTs JSON and resolves with the JSON of the answer; rejects with an Error that says what happened. */
export interface WebhookCaller {
  call(config: WebhookClientConfig, body: unknown, timeoutSeconds: number): Promise<unknown>;
}

export interface ConversionWebhookOptions {
  webhooks: WebhookCaller;
  newUid: () => string;
}

/** undefined when the versions of the definition differ in their name alone. */
export function converterOf(
  { spec }: CustomResourceDefinition,
  { webhooks, newUid }: ConversionWebhookOptions,
): ConvertElsewhere | undefined {
  const config = spec.conversion?.strategy === 'Webhook' ? spec.conversion.webhook?.clientConfig : undefined;
  if (!config) return undefined;
  const subject = (apiVersion: string): string => `${apiVersion}, Kind=${spec.names.kind}`;
  return async (objects, apiVersion) => {
    const converted: KubeObject[] = [];
    for (const batch of batches(objects)) {
      const uid = newUid();
      const request = { uid, desiredAPIVersion: apiVersion, objects: batch };
      try {
        const body = { kind: 'ConversionReview', apiVersion: REVIEW, request };
        const answer = await webhooks.call(config, body, TIMEOUT_SECONDS);
        converted.push(...accepted(batch, convertedObjects(answer, uid), apiVersion));
      } catch (error) {
        const from = subject(batch[0]?.apiVersion ?? '');
        throw internalError(new Error(`conversion webhook for ${from} ${(error as Error).message}`, { cause: error }));
      }
    }
    return converted;
  };
}

function* batches(objects: readonly KubeObject[]): Generator<KubeObject[]> {
  let batch: KubeObject[] = [];
  let size = 0;
  for (const object of objects) {
    const own = JSON.stringify(object).length;
    if (batch.length > 0 && (batch.length === MAX_OBJECTS || size + own > MAX_CHARACTERS)) {
      yield batch;
      batch = [];
      size = 0;
    }
    batch.push(object);
    size += own;
  }
  if (batch.length > 0) yield batch;
}

/** Throws an Error for an answer that is none, and for one that says no. */
function convertedObjects(answer: unknown, uid: string): readonly unknown[] {
  const review = isJsonObject(answer) ? answer : {};
  if (review['apiVersion'] !== REVIEW || review['kind'] !== 'ConversionReview') {
    const got = `${textOf(review['apiVersion'])}, Kind=${textOf(review['kind'])}`;
    throw new Error(`failed: expected webhook response of ${REVIEW}, Kind=ConversionReview, got ${got}`);
  }
  const { response } = review;
  if (!isJsonObject(response)) throw new Error('failed: no response provided');
  if (response['uid'] !== uid) {
    throw new Error(`failed: expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(response['uid'])}`);
  }
  const result = isJsonObject(response['result']) ? response['result'] : {};
  if (result['status'] !== 'Success') {
    const { message, status } = result;
    const why = typeof message === 'string' && message !== '' ? message : undefined;
    throw new Error(`failed: ${why ?? `response.result.status was '${textOf(status)}', not 'Success'`}`);
  }
  const { convertedObjects: objects } = response;
  return Array.isArray(objects) ? objects : [];
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? '');
}

/** Throws an Error when one of them is not what it was made from, in the other version. */
function accepted(originals: readonly KubeObject[], converted: readonly unknown[], apiVersion: string): KubeObject[] {
  if (converted.length !== originals.length) {
    throw new Error(`returned ${converted.length} objects, expected ${originals.length}`);
  }
  return originals.map((original, index) => {
    const why = (detail: string): Error => new Error(`returned invalid converted object at index ${index}: ${detail}`);
    const object = converted[index];
    if (!isJsonObject(object)) throw why('it is no object');
    if (object['apiVersion'] !== apiVersion) {
      throw why(`invalid groupVersion (expected ${apiVersion}, received ${textOf(object['apiVersion'])})`);
    }
    if (object['kind'] !== original.kind) {
      throw why(`invalid kind (expected ${original.kind}, received ${textOf(object['kind'])})`);
    }
    return { ...object, metadata: metadataOf(original, object['metadata'], why) } as unknown as KubeObject;
  });
}

const FIXED = ['name', 'namespace', 'uid'] as const;

/** All of it is the original's, but for labels and annotations. */
function metadataOf({ metadata }: KubeObject, given: unknown, why: (detail: string) => Error): KubeObject['metadata'] {
  if (!isJsonObject(given)) throw why('metadata must be an object');
  for (const field of FIXED) {
    if ((given[field] ?? '') !== (metadata[field] ?? '')) throw why(`mutation of metadata.${field} is not allowed`);
  }
  const { labels: _labels, annotations: _annotations, ...kept } = metadata;
  const texts = (name: 'labels' | 'annotations'): object => {
    const value = given[name];
    if (value === undefined || value === null) return {};
    const isText = isJsonObject(value) && Object.values(value).every((member) => typeof member === 'string');
    if (!isText) throw why(`metadata.${name} must be a map of strings`);
    return { [name]: value };
  };
  return { ...kept, ...texts('labels'), ...texts('annotations') };
}
