/** What the references of environment variables refer to. */
import { parseQuantity, toNumber } from '../../api/machinery/quantity.ts';
import type { KubeObject } from '../../api/object.ts';
import type { ConfigMap, Container, EnvVarSource, ResourceFieldSelector, Secret } from '../../api/types/core.v1.ts';
import { ApiError } from '../../lib/client/errors.ts';
import type { RestClient } from '../../lib/client/rest.ts';

export type Found = { readonly value: string } | { readonly why: string };

/** Such as `configmap settings, key level`. */
export function referenceText({ fieldRef, configMapKeyRef, secretKeyRef, resourceFieldRef }: EnvVarSource): string {
  if (configMapKeyRef) return `configmap ${configMapKeyRef.name}, key ${configMapKeyRef.key}`;
  if (secretKeyRef) return `secret ${secretKeyRef.name}, key ${secretKeyRef.key}`;
  if (fieldRef) return `field path ${fieldRef.fieldPath}`;
  if (resourceFieldRef) {
    const { containerName, resource } = resourceFieldRef;
    return containerName ? `resource field ${containerName}/${resource}` : `resource field ${resource}`;
  }
  return 'invalid valueFrom';
}

export class EnvValues {
  private readonly object: KubeObject;
  private readonly client: RestClient;
  private readonly known = new Map<string, Promise<ConfigMap | Secret>>();

  /** `object` is what the variables are of. */
  constructor(options: { readonly object: KubeObject; readonly client: RestClient }) {
    this.object = options.object;
    this.client = options.client;
  }

  async of(
    { configMapKeyRef, secretKeyRef, fieldRef, resourceFieldRef }: EnvVarSource,
    container: Container,
  ): Promise<Found> {
    if (configMapKeyRef) {
      return this.keyOf(
        'configmaps',
        configMapKeyRef,
        (value) => value,
        `key ${configMapKeyRef.key} not found in config map ${configMapKeyRef.name}`,
      );
    }
    if (secretKeyRef) {
      const decoded = (value: string): string => Buffer.from(value, 'base64').toString();
      return this.keyOf(
        'secrets',
        secretKeyRef,
        decoded,
        `key ${secretKeyRef.key} not found in secret ${secretKeyRef.name}`,
      );
    }
    if (resourceFieldRef) return amountOf(resourceFieldRef, container);
    const field = /^metadata\.(name|namespace|uid)$/.exec(fieldRef?.fieldPath ?? '')?.[1];
    if (field === undefined) return { why: `unsupported fieldPath: ${fieldRef?.fieldPath ?? ''}` };
    return { value: this.object.metadata[field as 'name' | 'namespace' | 'uid'] ?? '' };
  }

  private async keyOf(
    plural: string,
    { name = '', key }: { readonly name?: string; readonly key: string },
    read: (value: string) => string,
    missing: string,
  ): Promise<Found> {
    try {
      const { data = {} } = await this.fetched(plural, name);
      const value = Object.hasOwn(data, key) ? data[key] : undefined;
      return value === undefined ? { why: missing } : { value: read(value) };
    } catch (error) {
      if (error instanceof ApiError) return { why: error.message };
      throw error;
    }
  }

  private fetched(plural: string, name: string): Promise<ConfigMap | Secret> {
    const path = `/api/v1/namespaces/${this.object.metadata.namespace}/${plural}/${encodeURIComponent(name)}`;
    const found = this.known.get(path) ?? this.client.get<ConfigMap | Secret>(path);
    this.known.set(path, found);
    return found;
  }
}

/** Of the container itself, rounded up to whole divisors. */
function amountOf({ resource, divisor }: ResourceFieldSelector, { resources }: Container): Found {
  const [side = '', name = ''] = resource.split('.', 2);
  const amounts = side === 'limits' ? resources?.limits : side === 'requests' ? resources?.requests : undefined;
  const amount = amounts && Object.hasOwn(amounts, name) ? amounts[name] : undefined;
  if (amount === undefined) return { why: `unsupported container resource : ${resource}` };
  const unit = divisor && divisor !== '0' ? divisor : '1';
  return { value: String(Math.ceil(toNumber(parseQuantity(amount)) / toNumber(parseQuantity(unit)))) };
}
