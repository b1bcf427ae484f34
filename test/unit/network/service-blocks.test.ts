import assert from 'node:assert/strict';
import type { ServiceCIDR } from '../../../api/types/networking.v1.ts';
import { serviceBlocks } from '../../../node-agent/network/service-blocks.ts';

const range = (name: string, cidrs: string[], metadata = {}): ServiceCIDR =>
  ({ metadata: { name, ...metadata }, spec: { cidrs }, status: {} }) as ServiceCIDR;

describe('blocks of service addresses', () => {
  it('begin with the first of the cluster until there is an object of it', () => {
    assert.deepEqual(serviceBlocks('10.96.0.0/16', []), ['10.96.0.0/16']);
    assert.deepEqual(serviceBlocks('10.96.0.0/16', [range('a', ['10.50.0.0/16'])]), ['10.96.0.0/16', '10.50.0.0/16']);
    assert.deepEqual(serviceBlocks('10.96.0.0/16', [range('kubernetes', ['10.97.0.0/16'])]), ['10.97.0.0/16']);
  });

  it('are of IPv4, in one form, none within another, whatever the order of their objects', () => {
    const ranges = [
      range('b', ['10.50.1.7/24', 'fd00::/112']),
      range('a', ['10.50.0.0/16']),
      range('c', ['10.50.0.0/16']),
    ];
    assert.deepEqual(serviceBlocks('10.96.0.1/16', ranges), ['10.96.0.0/16', '10.50.0.0/16']);
    assert.deepEqual(serviceBlocks('10.96.0.1/16', ranges.toReversed()), ['10.96.0.0/16', '10.50.0.0/16']);
  });

  it('hold one that is going away until it is gone', () => {
    const leaving = range('a', ['10.50.0.0/16'], { deletionTimestamp: '2026-01-01T00:00:00Z' });
    assert.ok(serviceBlocks('10.96.0.0/16', [leaving]).includes('10.50.0.0/16'));
  });
});
