/** The flags of `dure server`. */
import { type Values, duration, list, number, oneOf, someOf, text } from '../lib/flags.ts';
import { LOG_LEVELS } from '../lib/log.ts';

const OPTIONAL_PLUGINS = ['OwnerReferencesPermissionEnforcement'] as const;
const PORTS: [number, number] = [1, 65_535];

export const serverProgram = {
  name: 'dure server',
  summary: 'Serves the API, schedules, runs the controllers and talks to the agents.',
  flags: {
    dataDir: text('directory', 'where the store, certificates and tokens are kept', '/var/lib/dure/server'),
    name: text('name', 'the name of this server among the servers; the host name when not given'),
    bindAddress: text('address', 'the address to listen on', '0.0.0.0'),
    advertiseAddress: text('address', 'the address at which others reach this server; found when not given'),
    port: number('port', 'the port of the API', 6443, PORTS),
    agentPort: number('port', 'the port that agents dial', 6444, PORTS),
    webPort: number('port', 'the port of health, metrics and joining', 6445, PORTS),
    tlsSan: list('name', 'a further name or address for the server certificate'),
    join: list('url', 'the web side of a server to join when this one is new, such as https://10.0.0.1:6445'),
    token: text('token', 'the token of servers, from another server’s data directory (server-join-token)'),
    tokenFile: text('file', 'a file that holds that token'),
    etcdServers: list('url', 'use these etcd servers instead of starting one'),
    etcdCaFile: text('file', 'the CA of the etcd servers'),
    etcdCertFile: text('file', 'the client certificate for the etcd servers'),
    etcdKeyFile: text('file', 'the key of that certificate'),
    encryptionProviderConfig: text(
      'file',
      'what is encrypted in the store; encryption.yaml in the data directory if not given',
    ),
    admissionControlConfigFile: text('file', 'settings of admission plugins, such as the limits of EventRateLimit'),
    enableAdmissionPlugins: someOf(OPTIONAL_PLUGINS, 'admission plugins besides those that always run'),
    auditPolicyFile: text('file', 'the audit policy: how much is written of which requests; nothing if not given'),
    auditLogPath: text('file', 'where audit events are written, one a line; - is standard output'),
    auditLogMaxsize: number('megabytes', 'the size at which the audit log is put aside', 100, [1, 10_000]),
    auditLogMaxbackup: number('count', 'how many of those are kept; 0 for all', 10, [0, 10_000]),
    auditLogMaxage: number('days', 'for how long those are kept; 0 for ever', 30, [0, 10_000]),
    clusterCidr: text('cidr', 'where pod addresses come from', '10.244.0.0/16'),
    nodeCidrSize: number('bits', 'the prefix length of each node’s share of them', 24, [16, 30]),
    serviceCidr: text('cidr', 'where service addresses come from', '10.96.0.0/16'),
    clusterDns: text('address', 'the address of DNS, out of the service addresses', '10.96.0.10'),
    clusterDomain: text('domain', 'the domain of services', 'cluster.local'),
    heartbeat: duration('how often agents say that they live', '400ms'),
    nodeTimeout: duration('the silence after which a node is lost', '1600ms'),
    agentRestartTimeout: duration('the same when the agent’s connection was closed: its host lives', '10s'),
    fence: duration('how long after its node was lost a pod with an identity is replaced: frozen by then', '2s'),
    nodeGrace: duration('the time nodes get after the control plane itself could not see', '10s'),
    serviceAccountKeyFile: list('file', 'keys by which tokens of service accounts are known besides the server’s own'),
    tokenAuthFile: text('file', 'tokens of users, one a line: token,user,uid,"group,group"'),
    oidcIssuerUrl: text('url', 'take the tokens of this OpenID Connect issuer'),
    oidcClientId: text('id', 'for whom its tokens must be'),
    oidcUsernameClaim: text('claim', 'the claim that is the user’s name', 'sub'),
    oidcUsernamePrefix: text('text', 'put before each name; - for nothing, the issuer when not given'),
    oidcGroupsClaim: text('claim', 'the claim that holds the user’s groups'),
    oidcGroupsPrefix: text('text', 'put before each group'),
    oidcCaFile: text('file', 'the CA of the issuer; the machine’s when not given'),
    oidcRequiredClaim: list('claim=value', 'what a token must say'),
    oidcSigningAlgs: list('algorithm', 'how its tokens may be signed; RS256 when not given'),
    logLevel: oneOf(LOG_LEVELS, 'how much to log', 'info'),
  },
};

export type ServerFlags = Values<typeof serverProgram.flags>;
