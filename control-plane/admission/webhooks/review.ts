/** What is asked of a webhook and what it answers: AdmissionReview of admission.k8s.io. */
import type { AdmissionRequest as Shown, AdmissionResponse } from '../../../api/types/admission.v1.ts';
import { StatusError } from '../../../api/errors.ts';
import { WebhookCallError } from '../../webhooks/errors.ts';

const GROUP = 'admission.k8s.io';
/** v1beta1 has the same form. */
const VERSIONS = ['v1', 'v1beta1'];
/** There are no answers of HTTP beyond it. */
const MAX_CODE = 599;

export interface Review {
  readonly apiVersion: string;
  readonly kind: 'AdmissionReview';
  readonly request: Shown;
}

/** In the first version that the webhook names and we know. Throws WebhookCallError when there is none. */
export function reviewOf(request: Shown, versions: readonly string[]): Review {
  const version = versions.find((each) => VERSIONS.includes(each));
  if (version === undefined) {
    const why = 'webhook does not accept known AdmissionReview versions (v1, v1beta1)';
    throw new WebhookCallError(`could not create admission objects: ${why}`);
  }
  return { apiVersion: `${GROUP}/${version}`, kind: 'AdmissionReview', request };
}

export interface Answer {
  readonly allowed: boolean;
  readonly status: AdmissionResponse['status'];
  /** The text of a JSON patch; undefined for none. */
  readonly patch: string | undefined;
  readonly warnings: readonly string[];
  readonly auditAnnotations: Readonly<Record<string, string>>;
}

/** Throws WebhookCallError for what is no answer to the review. */
export function answerTo(review: Review, given: unknown, { mutating }: { mutating: boolean }): Answer {
  const { apiVersion, kind, response } = (isRecord(given) ? given : {}) as {
    apiVersion?: unknown;
    kind?: unknown;
    response?: Partial<AdmissionResponse>;
  };
  if (!isRecord(response)) throw invalidAnswer('webhook response was absent');
  if (review.apiVersion === `${GROUP}/v1`) {
    if (response.uid !== review.request.uid) {
      const got = JSON.stringify(response.uid ?? '');
      throw invalidAnswer(`expected response.uid=${JSON.stringify(review.request.uid)}, got ${got}`);
    }
    if (apiVersion !== review.apiVersion || kind !== review.kind) {
      const got = `${String(apiVersion)}, Kind=${String(kind)}`;
      throw invalidAnswer(`expected webhook response of ${review.apiVersion}, Kind=${review.kind}, got ${got}`);
    }
  }
  const { allowed, status, warnings, auditAnnotations } = response as Readonly<Record<string, unknown>>;
  return {
    allowed: allowed === true,
    status: statusOf(status),
    patch: patchOf(response, mutating, review.apiVersion),
    warnings: Array.isArray(warnings) ? warnings.map((text: unknown) => textOf(text, 'warnings')) : [],
    auditAnnotations: Object.fromEntries(
      Object.entries(isRecord(auditAnnotations) ? auditAnnotations : {}).map(([name, text]: [string, unknown]) => [
        name,
        textOf(text, 'auditAnnotations'),
      ]),
    ),
  };
}

/** Its parts become those of an answer of ours: they must be what they say. */
function statusOf(given: unknown): Answer['status'] {
  if (!isRecord(given)) return undefined;
  const { code, reason, message, details } = given as Record<string, unknown>;
  return {
    ...(typeof code === 'number' && Number.isInteger(code) && code <= MAX_CODE ? { code } : {}),
    ...(reason === undefined ? {} : { reason: textOf(reason, 'status.reason') }),
    ...(message === undefined ? {} : { message: textOf(message, 'status.message') }),
    metadata: {},
    ...(isRecord(details) ? { details } : {}),
  };
}

function textOf(value: unknown, field: string): string {
  if (typeof value === 'string') return value;
  throw invalidAnswer(`cannot unmarshal response.${field} into type string`);
}

function patchOf(
  { patch, patchType }: Partial<AdmissionResponse>,
  mutating: boolean,
  apiVersion: string,
): string | undefined {
  const isStrict = apiVersion === `${GROUP}/v1`;
  if (!mutating) {
    if (isStrict && patch) throw invalidAnswer('validating webhook may not return response.patch');
    if (isStrict && patchType !== undefined)
      throw invalidAnswer('validating webhook may not return response.patchType');
    return undefined;
  }
  if (isStrict) {
    if (patch && patchType === undefined) {
      throw invalidAnswer('webhook returned response.patch but not response.patchType');
    }
    if (!patch && patchType !== undefined) {
      throw invalidAnswer('webhook returned response.patchType but not response.patch');
    }
    if (patchType !== undefined && patchType !== 'JSONPatch') {
      throw new WebhookCallError(`unsupported patch type ${JSON.stringify(patchType)}`);
    }
  }
  return patch ? Buffer.from(textOf(patch, 'patch'), 'base64').toString() : undefined;
}

function invalidAnswer(why: string): WebhookCallError {
  return new WebhookCallError(`received invalid webhook response: ${why}`);
}

function isRecord(value: unknown): value is Record<string, never> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The refusal of a webhook, in its own words after ours. */
export function refusal(webhook: string, status: Answer['status']): StatusError {
  const { code = 0, reason = '', message = '', details } = status ?? {};
  const why = message || reason;
  const denied = `admission webhook ${JSON.stringify(webhook)} denied the request`;
  return new StatusError({
    code: code < 400 ? 400 : code,
    reason,
    message: why === '' ? `${denied} without explanation` : `${denied}: ${why}`,
    ...(details ? { details } : {}),
  });
}
