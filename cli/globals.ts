/** Flags that every verb takes. */
import { array, integer, text, textOr, toggle, type Values } from './flags.ts';

export const globalFlags = {
  kubeconfig: text('Path to the kubeconfig file to use for CLI requests.'),
  context: text('The name of the kubeconfig context to use'),
  cluster: text('The name of the kubeconfig cluster to use'),
  user: text('The name of the kubeconfig user to use'),
  namespace: text('If present, the namespace scope for this CLI request', { short: 'n' }),
  server: text('The address and port of the Kubernetes API server', { short: 's' }),
  token: text('Bearer token for authentication to the API server'),
  as: text(
    'Username to impersonate for the operation. User could be a regular user or a service account in a namespace.',
  ),
  asGroup: array('Group to impersonate for the operation, this flag can be repeated to specify multiple groups.'),
  asUid: text('UID to impersonate for the operation.'),
  certificateAuthority: text('Path to a cert file for the certificate authority'),
  clientCertificate: text('Path to a client certificate file for TLS'),
  clientKey: text('Path to a client key file for TLS'),
  tlsServerName: text('Server name to use for server certificate validation'),
  insecureSkipTlsVerify: toggle("If true, the server's certificate will not be checked for validity"),
  requestTimeout: textOr('0', 'The length of time to wait before giving up on a single server request'),
  cacheDir: text('Directory of the discovery cache'),
  v: integer('Number for the log level verbosity; kept for scripts, has no effect', { short: 'v' }),
  help: toggle('Say what the command does', { short: 'h' }),
};

export type GlobalValues = Values<typeof globalFlags>;
