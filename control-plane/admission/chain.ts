/** Runs admission plugins in their order. */
import type { Admission, AdmissionPlugin, AdmissionRequest } from './port.ts';

export class AdmissionChain implements Admission {
  private readonly plugins: readonly AdmissionPlugin[];

  constructor(plugins: readonly AdmissionPlugin[]) {
    this.plugins = plugins;
  }

  async mutate(request: AdmissionRequest): Promise<void> {
    for (const plugin of this.plugins) {
      if (plugin.mutate && plugin.handles(request)) await plugin.mutate(request);
    }
  }

  async validate(request: AdmissionRequest): Promise<void> {
    for (const plugin of this.plugins) {
      if (plugin.validate && plugin.handles(request)) await plugin.validate(request);
    }
  }
}
