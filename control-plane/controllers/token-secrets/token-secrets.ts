/** Fills the secrets that ask for the token of a service account, and takes them away with it. */
import { kinds } from '../../../api/kinds.ts';
import { keyOf, objectKey } from '../../../api/object.ts';
import type { Secret } from '../../../api/types/core.v1.ts';
import type { Registry } from '../../registry/port.ts';
import { type Controller, NOTHING, type Plan } from '../controller.ts';
import { ACCOUNT_NAME, planTokenSecret, TOKEN_SECRET } from './plan.ts';

export class TokenSecretController implements Controller {
  readonly name = 'token-secret';
  private readonly registry: Registry;
  private readonly certificate: string;

  /** `certificate`: that of the authority, as PEM. */
  constructor({ registry, certificate }: { registry: Registry; certificate: string }) {
    this.registry = registry;
    this.certificate = certificate;
  }

  watch(enqueue: (key: string) => void): () => void {
    const secrets = this.registry.resource(kinds.secrets).view;
    const see = (secret: Secret): void => {
      if (secret.type === TOKEN_SECRET) enqueue(keyOf(secret));
    };
    const ends = [
      secrets.subscribe(({ object }) => see(object)),
      this.registry.resource(kinds.serviceaccounts).view.subscribe(({ object: { metadata } }) => {
        for (const secret of secrets.byIndex('namespace', metadata.namespace ?? '')) {
          if (secret.metadata.annotations?.[ACCOUNT_NAME] === metadata.name) see(secret);
        }
      }),
    ];
    for (const secret of secrets.list()) see(secret);
    return () => ends.forEach((end) => end());
  }

  plan(key: string): Plan {
    const secret = this.registry.resource(kinds.secrets).view.get(key);
    if (!secret || secret.metadata.deletionTimestamp) return NOTHING;
    const { namespace = '', annotations = {} } = secret.metadata;
    const name = annotations[ACCOUNT_NAME];
    if (!name) return NOTHING;
    const account = this.registry.resource(kinds.serviceaccounts).view.get(objectKey(namespace, name));
    return planTokenSecret({ secret, account, certificate: this.certificate });
  }
}
