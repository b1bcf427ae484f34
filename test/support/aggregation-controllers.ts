/** The controllers of APIServices, running on a test's server: what a leading server does for them. */
import { ApiServiceAvailability } from '../../control-plane/controllers/api-service-availability/api-service-availability.ts';
import { ApiServiceRegistration } from '../../control-plane/controllers/api-service-registration/api-service-registration.ts';
import { ExtensionAuthentication } from '../../control-plane/controllers/extension-authentication/extension-authentication.ts';
import type { Credentials } from '../../control-plane/controllers/executors.ts';
import { NamespaceController } from '../../control-plane/controllers/namespace/namespace.ts';
import { Runner } from '../../control-plane/controllers/runner.ts';
import { FRONT_PROXY } from '../../control-plane/server/pki.ts';
import { systemClock } from '../../lib/clock.ts';
import { type Component, ComponentGroup } from '../../lib/component.ts';
import { silentLog } from '../../lib/log.ts';
import type { TestServer } from './api-server.ts';

/** These controllers sign nothing. */
const unasked: Credentials = {
  signCertificate: () => Promise.reject(new Error('not asked for')),
  issueToken: () => Promise.reject(new Error('not asked for')),
};

export function aggregationControllers(server: TestServer): Component {
  const { registry, pki, aggregation } = server;
  const whenFresh = (): Promise<void> => server.whenFresh();
  const authorities = {
    client: pki.authorityCertificate,
    frontProxy: pki.frontProxyAuthority,
    frontProxyName: FRONT_PROXY.commonName,
  };
  const controllers = [
    new ApiServiceRegistration({ registry }),
    new ApiServiceAvailability({ registry }),
    new ExtensionAuthentication({ registry, authorities }),
    new NamespaceController({ registry, elsewhere: aggregation.served }),
  ];
  const { probe, empty } = aggregation;
  const edges = { registry, events: { record: () => {} }, whenFresh, credentials: unasked, probe, empty };
  const shared = { edges, clock: systemClock, log: silentLog, nextId: () => 'aaaaa' };
  return new ComponentGroup(
    'aggregation controllers',
    controllers.map((controller) => new Runner({ controller, ...shared })),
  );
}
