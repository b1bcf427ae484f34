/** Validating webhooks: all that a request concerns are asked at once; one refusal is enough. */
import type { ValidatingWebhookConfiguration } from '../../../api/types/admissionregistration.v1.ts';
import type { View } from '../../../lib/view.ts';
import { Compiled } from '../compiled.ts';
import { isExempt } from '../matching/exempt.ts';
import type { MatchSources } from '../matching/matcher.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../../registry/admission.ts';
import type { WebhookCaller } from './caller.ts';
import { Hook } from './hook.ts';

export interface ValidatingWebhooksOptions {
  configurations: View<ValidatingWebhookConfiguration>;
  sources: MatchSources;
  caller: WebhookCaller;
}

export class ValidatingWebhooks implements AdmissionPlugin {
  readonly name = 'ValidatingAdmissionWebhook';
  private readonly caller: WebhookCaller;
  private readonly hooks: Compiled<ValidatingWebhookConfiguration, readonly Hook[]>;

  constructor({ configurations, sources, caller }: ValidatingWebhooksOptions) {
    this.caller = caller;
    this.hooks = new Compiled([configurations], (objects) =>
      objects.flatMap(({ metadata, webhooks = [] }) =>
        webhooks.map((webhook) => new Hook(metadata.name ?? '', webhook, sources)),
      ),
    );
  }

  handles(request: AdmissionRequest): boolean {
    return !this.hooks.isEmpty && !isExempt(request);
  }

  async validate(request: AdmissionRequest): Promise<void> {
    const asked = this.hooks.get().map((hook) => this.ask(hook, request));
    const results = await Promise.allSettled(asked);
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }

  private async ask(hook: Hook, request: AdmissionRequest): Promise<void> {
    const kind = hook.match(request);
    if (kind && (await this.caller.holds(hook, request, kind))) await this.caller.ask(hook, request, kind, false);
  }
}
