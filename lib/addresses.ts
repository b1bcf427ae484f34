/** The addresses of this machine. */
import { networkInterfaces } from 'node:os';

/** The first IPv4 address at which others may reach it; the loopback address when it has none. */
export function firstAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return all.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1';
}
