/** Which secrets a pod may use, where its service account says that those are all that the account names. */
import type { Container, Pod, ServiceAccount } from '../../api/types/core.v1.ts';

const ANNOTATION = 'kubernetes.io/enforce-mountable-secrets';
/** As Go reads them. */
const YES: ReadonlySet<string> = new Set(['1', 't', 'T', 'true', 'TRUE', 'True']);

export function enforcesMountableSecrets({ metadata }: ServiceAccount): boolean {
  return YES.has(metadata.annotations?.[ANNOTATION] ?? '');
}

/** What is wrong with the pod, in Kubernetes' words; undefined for nothing. */
export function unmountableSecret({ spec }: Pod, account: ServiceAccount): string | undefined {
  const refuse = refusalBy(account);
  for (const { secret } of spec.volumes ?? []) {
    const wrong = secret && refuse(`volume with secret.secretName="${secret.secretName ?? ''}"`, secret.secretName);
    if (wrong) return wrong;
  }
  const wrong =
    inContainers('init container', spec.initContainers, refuse) ?? inContainers('container', spec.containers, refuse);
  if (wrong) return wrong;
  const pulling = new Set((account.imagePullSecrets ?? []).map(({ name }) => name));
  const index = (spec.imagePullSecrets ?? []).findIndex(({ name }) => !pulling.has(name));
  if (index < 0) return undefined;
  const name = spec.imagePullSecrets?.[index]?.name ?? '';
  return `imagePullSecrets[${index}].name="${name}" is not allowed because service account ${account.metadata.name} does not reference that imagePullSecret`;
}

/** As {@link unmountableSecret}, of the ephemeral containers alone. */
export function unmountableInEphemeral({ spec }: Pod, account: ServiceAccount): string | undefined {
  const containers = (spec.ephemeralContainers ?? []) as unknown as Container[];
  return inContainers('ephemeral container', containers, refusalBy(account));
}

type Refuse = (what: string, secret: string | undefined) => string | undefined;

function refusalBy({ metadata, secrets = [] }: ServiceAccount): Refuse {
  const mountable = new Set(secrets.map(({ name }) => name));
  return (what, secret) =>
    mountable.has(secret)
      ? undefined
      : `${what} is not allowed because service account ${metadata.name} does not reference that secret`;
}

function inContainers(kind: string, containers: readonly Container[] = [], refuse: Refuse): string | undefined {
  for (const { name, env = [], envFrom = [] } of containers) {
    for (const { name: variable, valueFrom } of env) {
      const secret = valueFrom?.secretKeyRef;
      const what = `${kind} ${name} with envVar ${variable} referencing secret.secretName="${secret?.name ?? ''}"`;
      const wrong = secret && refuse(what, secret.name);
      if (wrong) return wrong;
    }
    for (const { secretRef } of envFrom) {
      const what = `${kind} ${name} with envFrom referencing secret.secretName="${secretRef?.name ?? ''}"`;
      const wrong = secretRef && refuse(what, secretRef.name);
      if (wrong) return wrong;
    }
  }
  return undefined;
}
