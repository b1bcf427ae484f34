import type { CustomResourceDefinition, CustomResourceDefinitionNames } from '../types/apiextensions.v1.ts';

const HTTPS_PORT = 443;

export function defaultCustomResourceDefinition(definition: CustomResourceDefinition): void {
  definition.spec ??= { group: '', names: { plural: '', kind: '' }, scope: '', versions: [] };
  definition.status ??= { conditions: [], acceptedNames: { plural: '', kind: '' }, storedVersions: [] };
  const { spec, status } = definition;
  spec.group ??= '';
  spec.versions ??= [];
  spec.names ??= { plural: '', kind: '' };
  defaultNames(spec.names);
  spec.conversion ??= { strategy: 'None' };
  const { service } = spec.conversion.webhook?.clientConfig ?? {};
  if (service) service.port ??= HTTPS_PORT;
  status.conditions ??= [];
  status.acceptedNames ??= { plural: '', kind: '' };
  status.storedVersions ??= [];
}

function defaultNames(names: CustomResourceDefinitionNames): void {
  names.plural ??= '';
  names.kind ??= '';
  names.singular ||= names.kind.toLowerCase();
  names.listKind ||= names.kind === '' ? '' : `${names.kind}List`;
}
