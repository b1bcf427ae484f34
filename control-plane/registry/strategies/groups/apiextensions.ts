/** apiextensions.k8s.io */
import type { apiextensionsKinds } from '../../../../api/kinds/apiextensions.ts';
import type { StrategiesOf } from '../../strategy.ts';
import { customResourceDefinitionStrategy } from '../custom-resource-definition.ts';

export const apiextensionsStrategies: StrategiesOf<typeof apiextensionsKinds> = {
  customresourcedefinitions: customResourceDefinitionStrategy,
};
