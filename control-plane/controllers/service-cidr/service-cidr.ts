/** Makes ranges of service addresses ready, and keeps them while services need them. */
import { kinds } from '../../../api/kinds.ts';
import { isAllocated } from '../../registry/allocation/address-object.ts';
import type { Registry } from '../../registry/port.ts';
import { type Controller, type Moment, NOTHING, type Plan } from '../controller.ts';
import { planRange } from './plan.ts';

export class ServiceCidrController implements Controller {
  readonly name = 'service-cidr';
  private readonly registry: Registry;

  constructor({ registry }: { readonly registry: Registry }) {
    this.registry = registry;
  }

  watch(enqueue: (key: string) => void): () => void {
    const ranges = this.registry.resource(kinds.servicecidrs).view;
    const addresses = this.registry.resource(kinds.ipaddresses).view;
    const leaving = (): void => {
      for (const { metadata } of ranges.list()) if (metadata.deletionTimestamp) enqueue(metadata.name ?? '');
    };
    const ends = [
      ranges.subscribe(({ key }) => {
        enqueue(key);
        // Another one may hold its addresses by now.
        leaving();
      }),
      addresses.subscribe(({ type }) => {
        if (type !== 'updated') leaving();
      }),
    ];
    for (const { metadata } of ranges.list()) enqueue(metadata.name ?? '');
    return () => ends.forEach((end) => end());
  }

  plan(key: string, moment: Moment): Plan {
    const { view } = this.registry.resource(kinds.servicecidrs);
    const addresses = this.registry.resource(kinds.ipaddresses).view;
    const range = view.get(key);
    if (!range) return NOTHING;
    const others = [...view.list()].filter((other) => other !== range);
    return planRange({ range, others, addresses: () => [...addresses.list()].filter(isAllocated) }, moment);
  }
}
