/** apiregistration.k8s.io */
import type { APIService } from '../types/apiregistration.v1.ts';
import { kind } from './kind.ts';

const GROUP = 'apiregistration.k8s.io';
const TYPES = 'io.k8s.kube-aggregator.pkg.apis.apiregistration.v1';

export const apiregistrationKinds = {
  apiservices: kind<APIService>({
    group: GROUP,
    kind: 'APIService',
    plural: 'apiservices',
    categories: ['api-extensions'],
    namespaced: false,
    status: true,
    schema: `${TYPES}.APIService`,
  }),
};
