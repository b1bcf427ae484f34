/** What the targets of autoscalers select: each selector parsed once, and found by the labels of a pod that it may select. */
import { parseLabelSelector, type Selector } from '../../../api/machinery/selectors.ts';
import type { Pod } from '../../../api/types/core.v1.ts';
import { labelIndexValue } from '../indexes.ts';

/** One selector of one namespace. */
export interface Selection {
  readonly text: string;
  readonly selector: Selector;
  /** The index of pods, and the value there, that leads to all that it may select. */
  readonly index: 'label' | 'namespace';
  readonly value: string;
  /** The autoscalers whose targets have it. */
  readonly keys: ReadonlySet<string>;
}

interface Shared extends Selection {
  readonly keys: Set<string>;
}

export class Selections {
  private readonly byKey = new Map<string, Shared>();
  /** By the value under which their pods are found, and then by their text. */
  private readonly byValue = new Map<string, Map<string, Shared>>();

  /** What the autoscaler's target selects from now on; why it can't be told when the text is no selector. */
  note(key: string, namespace: string, text: string): Selection | { readonly why: string } {
    const before = this.byKey.get(key);
    if (before?.text === text) return before;
    this.forget(key);
    const parsed = parse(text);
    if ('why' in parsed) return parsed;
    const selection = this.share(namespace, text, parsed);
    selection.keys.add(key);
    this.byKey.set(key, selection);
    return selection;
  }

  forget(key: string): void {
    const selection = this.byKey.get(key);
    if (!selection) return;
    this.byKey.delete(key);
    selection.keys.delete(key);
    if (selection.keys.size > 0) return;
    const { value, text } = selection;
    const texts = this.byValue.get(value);
    texts?.delete(text);
    if (texts?.size === 0) this.byValue.delete(value);
  }

  /** The autoscalers that select one of the pods, in order. */
  selecting(pods: Iterable<Pod>): readonly string[] {
    const found = new Set<Selection>();
    for (const { metadata } of pods) {
      const { namespace = '', labels = {} } = metadata;
      const values = Object.entries(labels).map(([label, value]) => labelIndexValue(namespace, label, value));
      for (const value of [namespace, ...values]) {
        for (const selection of this.byValue.get(value)?.values() ?? []) {
          if (!found.has(selection) && selection.selector.matches(labels)) found.add(selection);
        }
      }
    }
    return [...found].flatMap(({ keys }) => [...keys]).toSorted();
  }

  private share(namespace: string, text: string, selector: Selector): Shared {
    const required = selector.requirements.find(({ operator }) => operator === '=' || operator === '==');
    const value = required ? labelIndexValue(namespace, required.key, required.values[0] ?? '') : namespace;
    const texts = this.byValue.get(value) ?? new Map<string, Shared>();
    this.byValue.set(value, texts);
    const index = required ? 'label' : 'namespace';
    const selection = texts.get(text) ?? { text, selector, index, value, keys: new Set() };
    texts.set(text, selection);
    return selection;
  }
}

function parse(text: string): Selector | { readonly why: string } {
  if (text === '') return { why: 'selector is required' };
  try {
    return parseLabelSelector(text);
  } catch (error) {
    const cause = (error as Error).message;
    return { why: `couldn't convert selector into a corresponding internal selector object: ${cause}` };
  }
}
