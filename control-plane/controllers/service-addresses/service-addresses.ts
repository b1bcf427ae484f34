/** Keeps the IPAddresses of services: those that were lost are made again, those that were left over go. */
import { kinds } from '../../../api/kinds.ts';
import { clusterAddressesOf } from '../../../api/validation/service.ts';
import type { Registry } from '../../registry/port.ts';
import type { Controller, Moment, Plan } from '../controller.ts';
import { ADDRESS_INDEX } from '../indexes.ts';
import { follow } from '../watching.ts';
import { planAddress } from './plan.ts';

export class ServiceAddresses implements Controller {
  readonly name = 'service-addresses';
  private readonly registry: Registry;

  constructor({ registry }: { readonly registry: Registry }) {
    this.registry = registry;
  }

  watch(enqueue: (key: string) => void): () => void {
    return follow([
      [
        this.registry.resource(kinds.services).view,
        ({ spec }) => clusterAddressesOf(spec).forEach(enqueue),
        'existing',
      ],
      [this.registry.resource(kinds.ipaddresses).view, ({ metadata }) => enqueue(metadata.name ?? ''), 'existing'],
    ]);
  }

  plan(address: string, moment: Moment): Plan {
    const record = this.registry.resource(kinds.ipaddresses).view.get(address);
    const holders = [...this.registry.resource(kinds.services).view.byIndex(ADDRESS_INDEX, address)];
    return planAddress({ address, record, holders }, moment);
  }
}
