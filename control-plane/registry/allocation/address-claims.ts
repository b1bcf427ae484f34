/** Claims of cluster addresses: an IPAddress each, created only where there is none. */
import { isStatusError } from '../../../api/errors.ts';
import type { IPAddress } from '../../../api/types/networking.v1.ts';
import type { ResourceCache } from '../../cacher/port.ts';
import type { Resource } from '../port.ts';
import { addressObject, ownerUidOf } from './address-object.ts';
import type { Claims, Held, Owner } from './claims.ts';

export interface AddressClaimsOptions {
  /** Asked for when it is used. */
  addresses: () => Resource<IPAddress>;
  cache: Pick<ResourceCache<IPAddress>, 'view' | 'whenFresh'>;
}

export class AddressClaims implements Claims {
  private readonly options: AddressClaimsOptions;

  constructor(options: AddressClaimsOptions) {
    this.options = options;
  }

  known(): Held {
    const { view } = this.options.cache;
    return { has: (value) => view.get(value) !== undefined };
  }

  async recorded(): Promise<Held> {
    await this.options.cache.whenFresh();
    return this.known();
  }

  async take(value: string, owner: Owner): Promise<{ held: boolean; fresh: boolean }> {
    try {
      await this.options.addresses().create(addressObject(value, owner), { manager: 'dure-server' });
      return { held: true, fresh: true };
    } catch (error) {
      if (!isStatusError(error, 'AlreadyExists')) throw error;
      return { held: (await this.holderOf(value))?.uid === owner.uid, fresh: false };
    }
  }

  async holderOf(value: string): Promise<Owner | undefined> {
    const address = await this.find(value);
    if (!address) return undefined;
    const { namespace = '', name = '' } = address.spec.parentRef ?? {};
    return { namespace, name, uid: ownerUidOf(address) };
  }

  async giveBack(value: string, uid: string): Promise<void> {
    const address = await this.find(value);
    if (!address || ownerUidOf(address) !== uid) return;
    const { uid: own = '', resourceVersion = '' } = address.metadata;
    try {
      await this.options.addresses().delete('', value, { preconditions: { uid: own, resourceVersion } });
    } catch (error) {
      // It is gone, or somebody has taken it over meanwhile.
      if (!isStatusError(error, 'NotFound') && !isStatusError(error, 'Conflict')) throw error;
    }
  }

  private async find(value: string): Promise<IPAddress | undefined> {
    try {
      return await this.options.addresses().get('', value);
    } catch (error) {
      if (isStatusError(error, 'NotFound')) return undefined;
      throw error;
    }
  }
}
