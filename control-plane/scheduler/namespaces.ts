/** The labels of namespaces, by which terms of pod affinity can select them. */
import type { Labels } from '../../api/machinery/selectors.ts';

export class Namespaces {
  /** Another one with every change of a label. */
  version = 0;
  private readonly labels = new Map<string, Labels>();

  /** Without any for a namespace that is not known. */
  labelsOf(name: string): Labels {
    return this.labels.get(name) ?? {};
  }

  /** undefined when it is gone. Returns whether that is new. */
  set(name: string, labels: Labels | undefined): boolean {
    if (JSON.stringify(this.labels.get(name)) === JSON.stringify(labels)) return false;
    if (labels) this.labels.set(name, labels);
    else this.labels.delete(name);
    this.version += 1;
    return true;
  }
}
