import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import type { ClusterAccess } from '../../lib/client/cluster.ts';
import { identityHeaders } from '../../lib/client/identity.ts';
import { defineCommand } from '../command.ts';
import { CommandError } from '../errors.ts';
import { integerOr, textOr } from '../flags.ts';

const FORBIDDEN = 403;
const BAD_GATEWAY = 502;
/** What a page in a browser could do through this must end before containers. */
const REFUSED = /^\/api\/[^/]+\/namespaces\/[^/]+\/pods\/[^/]+\/(exec|attach)(\?|$)/;
const LOCAL_HOST = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/;
/** They are about one hop. */
const HOP_HEADERS = [
  'connection',
  'keep-alive',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

export const command = defineCommand({
  summary: 'Run a proxy to the Kubernetes API server, which asks in your name: whoever reaches it can do what you can',
  usage: '[--port=PORT] [--address=ADDRESS] [--api-prefix=PREFIX]',
  examples: ['dure proxy --port=8080', 'dure proxy --port=0'],
  flags: {
    port: integerOr(8001, 'The port on which to run the proxy. Set to 0 to pick a random port', { short: 'p' }),
    address: textOr('127.0.0.1', 'The IP address on which to serve on'),
    apiPrefix: textOr('/', 'Prefix to serve the proxied API under'),
  },
  async run({ args, flags, session }) {
    if (args.length > 0) throw new CommandError(`unexpected arguments: [${args.join(' ')}]`);
    const access = await session.access();
    const prefix = flags.apiPrefix.replace(/\/+$/, '');
    const agent = new https.Agent({ keepAlive: true });
    const server = http.createServer((request, response) => {
      const refusal = refusalOf(request, prefix);
      if (refusal === undefined) forward(request, response, (request.url ?? '/').slice(prefix.length), access, agent);
      else {
        response.writeHead(FORBIDDEN, { 'content-type': 'text/plain' });
        response.end(`${refusal}\n`);
      }
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => reject(new CommandError(error.message)));
      server.listen(flags.port, flags.address, resolve);
    });
    const { address, port } = server.address() as AddressInfo;
    session.print(`Starting to serve on ${address.includes(':') ? `[${address}]` : address}:${port}`);
    const closed = new Promise<void>((resolve) => server.once('close', resolve));
    const release = session.world.onInterrupt(() => {
      server.close();
      server.closeAllConnections();
    });
    await closed;
    release();
    agent.destroy();
  },
});

function refusalOf({ headers, url = '/' }: IncomingMessage, prefix: string): string | undefined {
  // A name that leads here without being this machine's own is a page's way in.
  if (!LOCAL_HOST.test(headers.host ?? '')) return 'the Host header must name this machine';
  if (!url.startsWith(`${prefix}/`)) return `only paths below ${prefix}/ are served`;
  const path = URL.canParse(url.slice(prefix.length), 'http://h')
    ? new URL(url.slice(prefix.length), 'http://h')
    : undefined;
  if (!path) return 'the path is malformed';
  return REFUSED.test(decodedPath(path.pathname)) ? 'exec and attach are not served here' : undefined;
}

function decodedPath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    // No valid escapes: the server refuses it in its own words.
    return path;
  }
}

function forward(
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  access: ClusterAccess,
  agent: https.Agent,
): void {
  const { server, authority, serverName, insecureSkipVerify, client } = access;
  const headers = { ...request.headers };
  for (const name of [...HOP_HEADERS, 'host', 'authorization']) delete headers[name];
  const isSecure = server.startsWith('https:');
  const onward = (isSecure ? https : http).request(server.replace(/\/$/, '') + path, {
    method: request.method,
    headers: { ...headers, ...identityHeaders(access) },
    ...(isSecure ? { agent } : {}),
    ...(authority === undefined ? {} : { ca: authority }),
    ...(serverName === undefined ? {} : { servername: serverName }),
    ...(client ? { cert: client.certificate, key: client.key } : {}),
    rejectUnauthorized: insecureSkipVerify !== true,
  });
  onward.on('response', (answer) => {
    const kept = Object.entries(answer.headers).filter(([name]) => !HOP_HEADERS.includes(name));
    response.writeHead(answer.statusCode ?? BAD_GATEWAY, Object.fromEntries(kept));
    response.flushHeaders();
    answer.pipe(response);
    answer.on('error', () => response.destroy());
  });
  onward.on('error', (error) => {
    if (response.headersSent) return response.destroy();
    response.writeHead(BAD_GATEWAY, { 'content-type': 'text/plain' });
    response.end(`${error.message}\n`);
  });
  response.on('close', () => onward.destroy());
  request.pipe(onward);
}
