/** `proxy` of pods, services and nodes: the rest of the path, and whatever method and body, for whoever listens there. */
import { dialNode } from '../../nodes/dial.ts';
import type { HandlerOptions, ResourceExchange } from '../port.ts';
import { forward } from './forward.ts';
import { proxyTarget } from './targets.ts';

const MARK = '/proxy';

export async function proxy(exchange: ResourceExchange, options: HandlerOptions): Promise<void> {
  const { info, request, response } = exchange;
  const { prefix, rest } = splitPath(info.path);
  const { to, scheme } = await proxyTarget(exchange, options);
  const query = queryOf(request.url ?? '');
  // A page's relative links need the slash.
  if (rest === '' && (info.method === 'GET' || info.method === 'HEAD') && !exchange.upgrade) {
    response.statusCode = 301;
    response.setHeader('location', `${info.path}/${query}`);
    response.end();
    return;
  }
  await forward(exchange, {
    backend: {
      connect: (signal) => dialNode(options.tunnels, to, signal),
      host: `${to.address || to.node}:${to.port}`,
      // Whoever asks names the pod; that its certificate is not one for its address is nothing new.
      ...(scheme === 'https' ? { tls: { rejectUnauthorized: false } } : {}),
    },
    path: (rest === '' ? '/' : rest) + query,
    prefix,
  });
}

/** At the first `proxy` segment behind a name; request-info has made sure that there is one. */
function splitPath(path: string): { prefix: string; rest: string } {
  const segments = path.split('/');
  const named = segments[3] === 'namespaces' ? 7 : 5;
  const prefix = segments.slice(0, named + 1).join('/');
  return { prefix: prefix.endsWith(MARK) ? prefix : path, rest: path.slice(prefix.length) };
}

function queryOf(url: string): string {
  const mark = url.indexOf('?');
  return mark < 0 ? '' : url.slice(mark);
}
