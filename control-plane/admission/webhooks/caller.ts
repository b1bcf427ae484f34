/** Asks one webhook about one request. */
import { badRequest, forbidden, internalError } from '../../../api/errors.ts';
import type { Bindings } from '../../../api/cel/program.ts';
import type { Kind } from '../../../api/kinds.ts';
import type { KubeObject } from '../../../api/object.ts';
import type { Log } from '../../../lib/log.ts';
import type { Authorizer } from '../../auth/authorizer.ts';
import type { WebhookClient } from '../../webhooks/client.ts';
import { WebhookCallError } from '../../webhooks/errors.ts';
import { accessBindings } from '../matching/access.ts';
import { shownRequest, typed } from '../matching/input.ts';
import type { AdmissionRequest } from '../../registry/admission.ts';
import type { Hook } from './hook.ts';
import { type Answer, answerTo, refusal, reviewOf } from './review.ts';

/** Objects in another version of their resource. */
export type Convert = (object: KubeObject, from: Kind, to: Kind) => Promise<KubeObject>;

export interface CallerOptions {
  client: WebhookClient;
  authorizers: readonly Authorizer[];
  convert: Convert;
  newUid: () => string;
  log: Log;
}

export interface Asked {
  /** undefined: it could not be asked, which its failure policy lets pass. */
  readonly answer: Answer | undefined;
  /** What it was shown. */
  readonly object: KubeObject | null;
}

export class WebhookCaller {
  private readonly options: CallerOptions;

  constructor(options: CallerOptions) {
    this.options = options;
  }

  /**
   * Whether the webhook's conditions hold for the request. Throws Forbidden when that can't be said and its failure policy
   * does not let that pass.
   */
  async holds(hook: Hook, request: AdmissionRequest, kind: Kind): Promise<boolean> {
    if (!hook.conditions) return true;
    const { object, previous } = await this.shown(request, kind);
    const bindings: Bindings = {
      object,
      oldObject: previous,
      request: shownRequest(request, kind),
      namespaceObject: null,
      ...accessBindings(this.options.authorizers, request),
    };
    const verdict = hook.conditions.evaluate(bindings);
    if ('matches' in verdict) return verdict.matches;
    if (hook.ignoresFailure) return false;
    throw forbidden(request.kind, request.name, verdict.error);
  }

  /** Throws a StatusError: the webhook's refusal, or InternalError when it could not be asked. */
  async ask(hook: Hook, request: AdmissionRequest, kind: Kind, mutating: boolean): Promise<Asked> {
    const { object, previous } = await this.shown(request, kind);
    if (request.dryRun && !hook.allowsDryRun) {
      throw badRequest(`admission webhook ${JSON.stringify(hook.name)} does not support dry run`);
    }
    const answer = await this.answer(hook, request, kind, { object, previous }, mutating);
    for (const warning of answer?.warnings ?? []) request.warn(warning);
    for (const [key, value] of Object.entries(answer?.auditAnnotations ?? {})) {
      request.annotate?.(`${hook.name}/${key}`, String(value));
    }
    if (answer && !answer.allowed) throw refusal(hook.name, answer.status);
    return { answer, object };
  }

  /** A failure to be asked, by what the webhook's configuration says of failures. */
  failed(hook: Hook, error: WebhookCallError): undefined {
    const message = `failed calling webhook ${JSON.stringify(hook.name)}: ${error.message}`;
    if (!hook.ignoresFailure) throw internalError(new Error(message, { cause: error }));
    this.options.log.warn({ webhook: hook.id, err: error }, 'a webhook could not be asked, and is passed over');
    return undefined;
  }

  private async answer(
    hook: Hook,
    request: AdmissionRequest,
    kind: Kind,
    { object, previous }: { object: KubeObject | null; previous: KubeObject | null },
    mutating: boolean,
  ): Promise<Answer | undefined> {
    const { client, newUid } = this.options;
    const { clientConfig, admissionReviewVersions } = hook.spec;
    try {
      const shown = { uid: newUid(), ...shownRequest(request, kind), object, oldObject: previous };
      const review = reviewOf(shown as never, admissionReviewVersions);
      const given = await client.call(clientConfig, review, hook.timeoutSeconds).catch((error: unknown) => {
        if (error instanceof WebhookCallError) {
          throw new WebhookCallError(`failed to call webhook: ${error.message}`, { cause: error });
        }
        throw error;
      });
      return answerTo(review, given, { mutating });
    } catch (error) {
      if (!(error instanceof WebhookCallError)) throw error;
      return this.failed(hook, error);
    }
  }

  private async shown(
    request: AdmissionRequest,
    kind: Kind,
  ): Promise<{ object: KubeObject | null; previous: KubeObject | null }> {
    const [object, previous] = await Promise.all(
      [request.object, request.previous].map(async (each) => {
        const converted = each && kind !== request.kind ? await this.options.convert(each, request.kind, kind) : each;
        return typed(converted, kind, request);
      }),
    );
    return { object: object ?? null, previous: previous ?? null };
  }
}
