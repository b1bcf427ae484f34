/** Sees to it that an image is on the node: by its pull policy, with the pod's credentials, one pull of it at a time. */
import type { Container, Secret } from '../../api/types/core.v1.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Image, RegistryAuth, Runtime } from '../runtime/port.ts';
import { RuntimeError } from '../runtime/port.ts';
import { canonicalReference } from '../runtime/reference.ts';
import { credentialsFor } from './credentials.ts';
import { Limit } from './limit.ts';

export class ImageError extends Error {
  override readonly name = 'ImageError';
  readonly reason: 'ErrImagePull' | 'ErrImageNeverPull' | 'ImageInspectError' | 'InvalidImageName';
  constructor(reason: ImageError['reason'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

export type ImageEvent = (type: 'Normal' | 'Warning', reason: string, message: string) => void;

export interface ImagesOptions {
  runtime: Runtime;
  clock: Clock;
  parallelPulls?: number;
}

const REFERENCE =
  /^(?:[A-Za-z0-9.\-[\]:]+\/)?[a-z0-9]+(?:[._/-]+[a-z0-9]+)*(?::[\w][\w.-]{0,127})?(?:@[a-z0-9+._-]+:[0-9a-fA-F]{32,})?$/;

export class Images {
  private readonly runtime: Runtime;
  private readonly clock: Clock;
  private readonly limit: Limit;
  private readonly pulls = new Map<string, Promise<string>>();

  constructor(options: ImagesOptions) {
    this.runtime = options.runtime;
    this.clock = options.clock;
    this.limit = new Limit(options.parallelPulls ?? 5);
  }

  /** Rejects with {@link ImageError}. `secrets` are the pod's pull secrets, as far as they exist. */
  async ensure(container: Container, secrets: readonly Secret[], emit: ImageEvent): Promise<Image> {
    const name = container.image ?? '';
    if (!REFERENCE.test(name)) {
      const message = `Failed to apply default image tag "${name}": couldn't parse image name "${name}": invalid reference format`;
      emit('Warning', 'InspectFailed', message);
      throw new ImageError('InvalidImageName', message);
    }
    const present = await this.inspect(name, emit);
    const policy = policyOf(container);
    if (present && policy !== 'Always') {
      emit('Normal', 'Pulled', `Container image "${name}" already present on machine and can be accessed by the pod`);
      return present;
    }
    if (policy === 'Never') {
      const message = `Container image "${name}" is not present with pull policy of Never`;
      emit('Warning', 'ErrImageNeverPull', message);
      throw new ImageError('ErrImageNeverPull', message);
    }
    emit('Normal', 'Pulling', `Pulling image "${name}"`);
    return this.pull(name, secrets, emit);
  }

  private async inspect(name: string, emit: ImageEvent): Promise<Image | undefined> {
    try {
      return await this.runtime.imageStatus(name);
    } catch (error) {
      const message = `Failed to inspect image "${name}": ${(error as Error).message}`;
      emit('Warning', 'InspectFailed', message);
      throw new ImageError('ImageInspectError', message, { cause: error });
    }
  }

  private async pull(name: string, secrets: readonly Secret[], emit: ImageEvent): Promise<Image> {
    const asked = this.clock.now();
    const times = { begun: asked };
    try {
      const { auths, problems } = credentialsFor(name, secrets);
      if (problems.length > 0) emit('Warning', 'FailedToRetrieveImagePullSecret', problems.join('; '));
      const id = await this.share(canonicalReference(name), auths, times);
      const image = (await this.runtime.imageStatus(id)) ?? (await this.runtime.imageStatus(name));
      if (!image) throw new RuntimeError('NotFound', `image ${name} is gone right after it was pulled`);
      const now = this.clock.now();
      const took = `${duration(now - times.begun)} (${duration(now - asked)} including waiting)`;
      const message = `Successfully pulled image "${name}" in ${took}. Image size: ${image.sizeBytes} bytes.`;
      emit('Normal', 'Pulled', message);
      return image;
    } catch (error) {
      const { message } = error as Error;
      emit('Warning', 'Failed', `Failed to pull image "${name}": ${message}`);
      throw new ImageError('ErrImagePull', message, { cause: error });
    }
  }

  /** Whoever wants the same image with the same credentials meanwhile waits for the same pull. */
  private share(reference: string, auths: readonly RegistryAuth[], times: { begun: number }): Promise<string> {
    const key = JSON.stringify([reference, auths]);
    const known = this.pulls.get(key);
    if (known) return known;
    const pull = this.limit
      .run(() => {
        times.begun = this.clock.now();
        return this.tryEach(reference, auths);
      })
      .finally(() => this.pulls.delete(key));
    this.pulls.set(key, pull);
    return pull;
  }

  private async tryEach(reference: string, auths: readonly RegistryAuth[]): Promise<string> {
    const attempts = auths.length > 0 ? auths : [undefined];
    const failures: Error[] = [];
    for (const auth of attempts) {
      try {
        return await this.runtime.pullImage(reference, auth);
      } catch (error) {
        failures.push(error as Error);
      }
    }
    if (failures.length === 1 && failures[0]) throw failures[0];
    throw new AggregateError(failures, failures.map(({ message }) => message).join('; '));
  }
}

function policyOf(container: Container): string {
  if (container.imagePullPolicy) return container.imagePullPolicy;
  const image = container.image ?? '';
  const isLatest = !image.includes('@') && (image.endsWith(':latest') || !/:[^/]*$/.test(image));
  return isLatest ? 'Always' : 'IfNotPresent';
}

function duration(milliseconds: number): string {
  return milliseconds < 1000 ? `${Math.round(milliseconds)}ms` : `${(milliseconds / 1000).toFixed(3)}s`;
}
