/** The images of the in-memory runtime, and how pulling them goes wrong on request. */
import { createHash } from 'node:crypto';
import type { Image } from './port.ts';
import { RuntimeError } from './port.ts';
import { canonicalReference } from './reference.ts';

export class MemoryImages {
  private readonly byReference = new Map<string, Image>();
  private readonly failures = new Map<string, { message: string; left: number }>();

  /** Puts an image on the node, as if it had been pulled before. */
  add(reference: string, about: Partial<Pick<Image, 'user' | 'sizeBytes'>> = {}): Image {
    const tag = canonicalReference(reference);
    const digest = createHash('sha256').update(tag).digest('hex');
    const image: Image = {
      id: `sha256:${digest}`,
      tags: tag.includes('@') ? [] : [tag],
      digests: [`${tag.replace(/(@sha256:.*|:[^/:]*)$/, '')}@sha256:${digest}`],
      sizeBytes: about.sizeBytes ?? 4_000_000,
      user: about.user ?? '',
    };
    this.byReference.set(tag, image);
    return image;
  }

  /** The next `times` pulls of `reference` fail with `message`. */
  failPull(reference: string, message: string, times = Infinity): void {
    this.failures.set(canonicalReference(reference), { message, left: times });
  }

  /** Lets pulls of `reference` succeed again. */
  healPull(reference: string): void {
    this.failures.delete(canonicalReference(reference));
  }

  pull(reference: string): Image {
    const failure = this.failures.get(canonicalReference(reference));
    if (failure && failure.left > 0) {
      failure.left -= 1;
      throw new RuntimeError('Other', failure.message);
    }
    return this.find(reference) ?? this.add(reference);
  }

  /** By name in any of its spellings, or by id. */
  find(reference: string): Image | undefined {
    const byName = this.byReference.get(canonicalReference(reference));
    return byName ?? this.list().find((image) => image.id === reference || image.digests.includes(reference));
  }

  remove(reference: string): void {
    const image = this.find(reference);
    for (const [tag, known] of this.byReference) if (known === image) this.byReference.delete(tag);
  }

  list(): Image[] {
    return [...this.byReference.values()];
  }
}
