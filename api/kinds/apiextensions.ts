/** apiextensions.k8s.io */
import type { CustomResourceDefinition } from '../types/apiextensions.v1.ts';
import { kind } from './kind.ts';

export const apiextensionsKinds = {
  customresourcedefinitions: kind<CustomResourceDefinition>({
    group: 'apiextensions.k8s.io',
    kind: 'CustomResourceDefinition',
    plural: 'customresourcedefinitions',
    shortNames: ['crd', 'crds'],
    categories: ['api-extensions'],
    namespaced: false,
    status: true,
    schema: 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition',
  }),
};
