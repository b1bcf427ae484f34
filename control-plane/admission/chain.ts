/** Runs admission plugins in their order. */
import type { Admission, AdmissionPlugin, AdmissionRequest } from '../registry/admission.ts';

export class AdmissionChain implements Admission {
  private readonly plugins: readonly AdmissionPlugin[];

  constructor(plugins: readonly AdmissionPlugin[]) {
    this.plugins = plugins;
  }

  async mutate(request: AdmissionRequest): Promise<void> {
    if (await this.mutateOnce(request)) await this.mutateOnce({ ...request, isReinvocation: true });
  }

  async validate(request: AdmissionRequest): Promise<void> {
    for (const plugin of this.plugins) {
      if (!plugin.validate || !plugin.handles(request)) continue;
      const validated = plugin.validate(request);
      if (validated instanceof Promise) await validated;
    }
  }

  private async mutateOnce(request: AdmissionRequest): Promise<boolean> {
    let again = false;
    for (const plugin of this.plugins) {
      if (!plugin.mutate || !plugin.handles(request)) continue;
      const mutated = plugin.mutate(request);
      // Most plugins are done at once, and a write passes a dozen of them: waiting for each would be a turn each.
      if ((mutated instanceof Promise ? await mutated : mutated) === true) again = true;
    }
    return again;
  }
}
