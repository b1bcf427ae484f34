/** `create secret`. */
import { readFileSync } from 'node:fs';
import type { Secret } from '../../api/types/core.v1.ts';
import { defineCommand, type CommandModule } from '../command.ts';
import { CommandError } from '../errors.ts';
import { text, textOr } from '../flags.ts';
import { createFlags, createObject, onlyName } from './create.ts';
import { dataFlags, dataOf } from './data.ts';
import { appendHashFlag, withHash } from './hashed.ts';

const DEFAULT_REGISTRY = 'https://index.docker.io/v1/';
const DOCKER_KEY = '.dockerconfigjson';

const secretFlags = { ...createFlags, appendHash: appendHashFlag };

function secretOf(
  name: string,
  type: string | undefined,
  data: ReadonlyMap<string, Buffer>,
  { appendHash }: { readonly appendHash: boolean },
): Secret {
  const encoded = [...data].map(([key, bytes]) => [key, bytes.toString('base64')] as const);
  const secret: Secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name },
    ...(type === undefined ? {} : { type }),
    ...(encoded.length > 0 ? { data: Object.fromEntries(encoded) } : {}),
  };
  return appendHash ? withHash(secret) : secret;
}

const generic = defineCommand({
  summary: 'Create a secret from a local file, directory, or literal value',
  usage: 'NAME [--type=string] [--from-file=[key=]source] [--from-literal=key1=value1]',
  flags: { ...secretFlags, ...dataFlags, type: text('The type of secret to create') },
  async run({ args, flags, session }) {
    await createObject(secretOf(onlyName(args), flags.type, dataOf(flags), flags), flags, session);
  },
});

const tls = defineCommand({
  summary: 'Create a TLS secret',
  usage: 'NAME --cert=path/to/cert/file --key=path/to/key/file',
  flags: {
    ...secretFlags,
    cert: text('Path to PEM encoded public key certificate'),
    key: text('Path to private key associated with given certificate'),
  },
  async run({ args, flags, session }) {
    const name = onlyName(args);
    if (!flags.key || !flags.cert) throw new CommandError('key and cert must be specified');
    const data = new Map([
      ['tls.crt', readPem(flags.cert)],
      ['tls.key', readPem(flags.key)],
    ]);
    await checkPair(data.get('tls.crt'), data.get('tls.key'));
    await createObject(secretOf(name, 'kubernetes.io/tls', data, flags), flags, session);
  },
});

function readPem(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const why = isMissing ? 'no such file or directory' : (error as Error).message;
    throw new CommandError(`Cannot read file ${path}, open ${path}: ${why}`);
  }
}

async function checkPair(certificate: Buffer | undefined, key: Buffer | undefined): Promise<void> {
  const { X509Certificate, createPrivateKey } = await import('node:crypto');
  try {
    const isPair = new X509Certificate(certificate ?? '').checkPrivateKey(createPrivateKey(key ?? ''));
    if (!isPair) throw new CommandError('tls: private key does not match public key');
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError(`tls: the certificate or its key can't be read: ${(error as Error).message}`);
  }
}

const dockerRegistry = defineCommand({
  summary: 'Create a secret for use with a registry of images',
  usage: 'NAME --docker-username=user --docker-password=password [--docker-server=string] [--from-file=file]',
  flags: {
    ...secretFlags,
    fromFile: dataFlags.fromFile,
    dockerServer: textOr(DEFAULT_REGISTRY, 'Server location for the registry'),
    dockerUsername: textOr('', 'Username for authentication'),
    dockerPassword: textOr('', 'Password for authentication'),
    dockerEmail: textOr('', 'Email for the registry'),
  },
  async run({ args, flags, session }) {
    const name = onlyName(args);
    const { dockerServer: server, dockerUsername: username, dockerPassword: password, dockerEmail: email } = flags;
    if (flags.fromFile.length === 0 && (!username || !password || !server)) {
      throw new CommandError(
        'either --from-file or the combination of --docker-username, --docker-password and --docker-server is required',
      );
    }
    const auth = Buffer.from(`${username}:${password}`).toString('base64');
    const login = { username, password, ...(email ? { email } : {}), auth };
    const data =
      flags.fromFile.length > 0
        ? dataOf({ fromFile: flags.fromFile, fromLiteral: [], fromEnvFile: [] })
        : new Map([[DOCKER_KEY, Buffer.from(JSON.stringify({ auths: { [server]: login } }))]]);
    await createObject(secretOf(name, 'kubernetes.io/dockerconfigjson', data, flags), flags, session);
  },
});

export const secret: CommandModule = {
  summary: 'Create a secret using a specified subcommand',
  usage: '(generic|tls|docker-registry) NAME',
  subcommands: { generic, tls, 'docker-registry': dockerRegistry },
};
