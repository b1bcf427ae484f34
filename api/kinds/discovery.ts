/** discovery.k8s.io */
import type { EndpointSlice } from '../types/discovery.v1.ts';
import { kind } from './kind.ts';

export const discoveryKinds = {
  endpointslices: kind<EndpointSlice>({
    group: 'discovery.k8s.io',
    kind: 'EndpointSlice',
    plural: 'endpointslices',
    schema: 'io.k8s.api.discovery.v1.EndpointSlice',
  }),
};
