/** Keeps images that nobody uses any more from filling the disk. Looks every five minutes, as the kubelet does. */
import type { Clock, Timer } from '../../lib/clock.ts';
import type { Component } from '../../lib/component.ts';
import type { Log } from '../../lib/log.ts';
import type { Image, Runtime } from '../runtime/port.ts';
import { canonicalReference } from '../runtime/reference.ts';
import type { Collection, CollectionPolicy, Disk, KnownImage } from './plan.ts';
import { planCollection } from './plan.ts';

export interface ImageCollectorOptions {
  runtime: Pick<Runtime, 'listImages' | 'listContainers' | 'removeImage'>;
  /** The images that pods of this node name, running or not, and those that must stay in any case. */
  named: () => Iterable<string>;
  /** Of the disk that holds the images. */
  disk: () => Promise<Disk>;
  policy: CollectionPolicy;
  /** Called when removing all that can go does not give back enough. */
  onShort: (message: string) => void;
  clock: Clock;
  log: Log;
}

const INTERVAL = 300_000;

export class ImageCollector implements Component {
  readonly name = 'image collection';
  private readonly options: ImageCollectorOptions;
  private known = new Map<string, KnownImage>();
  private timer: Timer | undefined;
  private running: Promise<void> = Promise.resolve();
  private isStopped = false;

  constructor(options: ImageCollectorOptions) {
    this.options = options;
  }

  start(): Promise<void> {
    this.isStopped = false;
    this.run();
    return Promise.resolve();
  }

  stop(): Promise<void> {
    this.isStopped = true;
    this.timer?.cancel();
    return this.running;
  }

  /** Looks once, and removes what there is to remove. */
  async collect(): Promise<Collection> {
    const { runtime, disk, policy, clock, log, onShort } = this.options;
    const now = clock.date().getTime();
    const unused = await this.look(now);
    const plan = planCollection(unused, await disk(), policy, now);
    for (const { id, sizeBytes } of plan.remove) {
      await runtime.removeImage(id);
      this.known.delete(id);
      log.info({ image: id, sizeBytes }, 'removed an image that nobody uses');
    }
    if (plan.missingBytes > 0) {
      const found = plan.wantedBytes - plan.missingBytes;
      onShort(`Attempted to free ${plan.wantedBytes} bytes, but only found ${found} bytes eligible to free.`);
    }
    return plan;
  }

  private run(): void {
    this.running = this.collect()
      .then(
        () => undefined,
        (error: unknown) => this.options.log.warn({ err: error }, 'images could not be looked through'),
      )
      .then(() => {
        if (!this.isStopped) this.timer = this.options.clock.after(INTERVAL, () => this.run());
      });
  }

  /** Notes what is there and in use now; returns what is not. */
  private async look(now: number): Promise<KnownImage[]> {
    const { runtime, named } = this.options;
    // Containers after images: one that is made meanwhile counts.
    const images = await runtime.listImages();
    const containers = await runtime.listContainers();
    const inUse = new Set(containers.flatMap(({ image, imageRef }) => [image, imageRef]));
    for (const name of named()) inUse.add(canonicalReference(name));
    const isUsed = ({ id, tags, digests, pinned }: Image): boolean =>
      (pinned ?? false) || [id, ...tags, ...digests].some((reference) => inUse.has(reference));
    const next = new Map<string, KnownImage>();
    const unused: KnownImage[] = [];
    for (const image of images) {
      const before = this.known.get(image.id) ?? { seenAt: now, usedAt: now };
      const usedAt = isUsed(image) ? now : before.usedAt;
      const known = { id: image.id, sizeBytes: image.sizeBytes, seenAt: before.seenAt, usedAt };
      next.set(image.id, known);
      if (!isUsed(image)) unused.push(known);
    }
    this.known = next;
    return unused;
  }
}
