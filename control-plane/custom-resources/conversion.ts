/** Between the versions of a custom resource. */
import { apiVersionOf, type Kind } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/object.ts';
import { pruned } from '../../api/custom/prune.ts';
import type { JsonObject, Schema } from '../../api/custom/schema.ts';
import type { Conversion } from '../registry/conversion.ts';

/** Asks somebody else; of the metadata only labels and annotations come out changed. Rejects with a StatusError. */
export type ConvertElsewhere = (objects: readonly KubeObject[], apiVersion: string) => Promise<readonly KubeObject[]>;

export interface VersionConversionOptions {
  served: { kind: Kind; schema: Schema };
  stored: { kind: Kind; schema: Schema };
  /** Absent when the versions differ in their name alone. */
  elsewhere: ConvertElsewhere | undefined;
}

export class VersionConversion implements Conversion {
  private readonly options: VersionConversionOptions;

  constructor(options: VersionConversionOptions) {
    this.options = options;
  }

  toServed(stored: readonly KubeObject[]): readonly KubeObject[] | Promise<readonly KubeObject[]> {
    return this.convert(stored, this.options.served);
  }

  toStored(served: KubeObject): KubeObject | Promise<KubeObject> {
    const converted = this.convert([served], this.options.stored);
    return converted instanceof Promise ? converted.then(([object]) => object!) : converted[0]!;
  }

  private convert(
    objects: readonly KubeObject[],
    { kind, schema }: { kind: Kind; schema: Schema },
  ): readonly KubeObject[] | Promise<readonly KubeObject[]> {
    const wanted = apiVersionOf(kind);
    const others = objects.filter(({ apiVersion }) => apiVersion !== wanted);
    if (others.length === 0) return objects;
    const { elsewhere } = this.options;
    const fit = (object: KubeObject): KubeObject =>
      pruned(object as KubeObject & JsonObject, schema) as unknown as KubeObject;
    if (!elsewhere) {
      return objects.map((object) => (object.apiVersion === wanted ? object : fit({ ...object, apiVersion: wanted })));
    }
    return elsewhere(others, wanted).then((converted) => {
      const byOriginal = new Map(others.map((object, index) => [object, converted[index]!]));
      return objects.map((object) => {
        const other = byOriginal.get(object);
        return other ? fit(other) : object;
      });
    });
  }
}
