/** Mutating webhooks: asked one after the other, each seeing what those before made of the object. */
import { internalError, StatusError } from '../../../api/errors.ts';
import type { Kind } from '../../../api/kinds.ts';
import { sameJson } from '../../../api/machinery/json.ts';
import type { KubeObject } from '../../../api/object.ts';
import { applyJsonPatch } from '../../../api/patch/json.ts';
import type { MutatingWebhookConfiguration } from '../../../api/types/admissionregistration.v1.ts';
import type { View } from '../../../lib/view.ts';
import { WebhookCallError } from '../../webhooks/errors.ts';
import { Compiled } from '../compiled.ts';
import { isExempt } from '../matching/exempt.ts';
import type { MatchSources } from '../matching/matcher.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../../registry/admission.ts';
import type { Convert, WebhookCaller } from './caller.ts';
import { Hook } from './hook.ts';

export interface MutatingWebhooksOptions {
  configurations: View<MutatingWebhookConfiguration>;
  sources: MatchSources;
  caller: WebhookCaller;
  convert: Convert;
  /** Reads a patched object as one of the kind, with its defaults. Throws a StatusError for what is none. */
  complete: (kind: Kind, object: unknown) => KubeObject;
}

/** What the first round leaves for the second. */
interface Round {
  /** Asked so far, of those that want to be asked again. */
  readonly asked: Set<string>;
  /** Of those, the ones after which the object was changed. */
  readonly again: Set<string>;
  /** The object as the webhooks left it. */
  left: string;
}

export class MutatingWebhooks implements AdmissionPlugin {
  readonly name = 'MutatingAdmissionWebhook';
  private readonly options: MutatingWebhooksOptions;
  private readonly hooks: Compiled<MutatingWebhookConfiguration, readonly Hook[]>;
  /** By the object under way. */
  private readonly rounds = new WeakMap<KubeObject, Round>();

  constructor(options: MutatingWebhooksOptions) {
    this.options = options;
    this.hooks = new Compiled([options.configurations], (objects) =>
      objects.flatMap(({ metadata, webhooks = [] }) =>
        webhooks.map((webhook) => new Hook(metadata.name ?? '', webhook, options.sources)),
      ),
    );
  }

  handles(request: AdmissionRequest): boolean {
    return !this.hooks.isEmpty && !isExempt(request);
  }

  async mutate(request: AdmissionRequest): Promise<boolean> {
    const round = this.roundOf(request);
    let changedAny = false;
    for (const hook of this.hooks.get()) {
      const kind = hook.match(request);
      if (!kind || (request.isReinvocation && !round.again.has(hook.id))) continue;
      if (!(await this.options.caller.holds(hook, request, kind))) continue;
      if (await this.apply(hook, request, kind)) {
        changedAny = true;
        for (const id of round.asked) round.again.add(id);
      }
      if (hook.isReinvocable) round.asked.add(hook.id);
    }
    round.left = JSON.stringify(request.object);
    return changedAny;
  }

  /** In the second round, another plugin's change since the first is a reason to ask everybody again. */
  private roundOf({ object, isReinvocation }: AdmissionRequest): Round {
    const known = object && isReinvocation ? this.rounds.get(object) : undefined;
    if (known) {
      if (known.left !== JSON.stringify(object)) for (const id of known.asked) known.again.add(id);
      return known;
    }
    const round: Round = { asked: new Set(), again: new Set(), left: '' };
    if (object) this.rounds.set(object, round);
    return round;
  }

  /** Whether the object is another one now. */
  private async apply(hook: Hook, request: AdmissionRequest, kind: Kind): Promise<boolean> {
    const { answer, object } = await this.options.caller.ask(hook, request, kind, true);
    if (answer?.patch === undefined) return false;
    const patch = this.parse(hook, answer.patch);
    if (patch === undefined || (Array.isArray(patch) && patch.length === 0)) return false;
    if (!object || !request.object) {
      const why = `admission webhook ${JSON.stringify(hook.name)} attempted to modify the object, which is not supported for this operation`;
      throw internalError(new Error(why));
    }
    const next = await this.patched(request, kind, object, patch);
    if (sameJson(next, request.object)) return false;
    replaceContent(request.object, next);
    return true;
  }

  private parse(hook: Hook, text: string): unknown {
    try {
      return JSON.parse(text) as unknown;
    } catch (error) {
      const why = `received undecodable patch in webhook response: ${(error as Error).message}`;
      return this.options.caller.failed(hook, new WebhookCallError(why, { cause: error }));
    }
  }

  private async patched(
    request: AdmissionRequest,
    kind: Kind,
    object: KubeObject,
    patch: unknown,
  ): Promise<KubeObject> {
    const { complete, convert } = this.options;
    try {
      const next = applyJsonPatch(object, patch);
      if (request.objectKind) return next as KubeObject;
      const made = complete(kind, next);
      return kind === request.kind ? made : await convert(made, kind, request.kind);
    } catch (error) {
      throw error instanceof StatusError ? internalError(error) : error;
    }
  }
}

/** Whoever holds the object sees what it has become. */
function replaceContent(target: KubeObject, next: KubeObject): void {
  for (const key of Object.keys(target)) delete (target as unknown as Record<string, unknown>)[key];
  Object.assign(target, next);
}
