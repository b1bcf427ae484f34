/** The CNI configuration that containerd follows when it gives a sandbox its network. */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface CniOptions {
  podCidr: string;
  bridge: string;
  mtu: number;
  /** Where host-local keeps which addresses are taken. */
  ipamDirectory: string;
}

const FILE = '10-dure.conflist';

/** A CNI network configuration list: a bridge with addresses of the node's pod CIDR, and host ports. */
export function conflistOf({ podCidr, bridge, mtu, ipamDirectory }: CniOptions): object {
  return {
    cniVersion: '1.0.0',
    name: 'dure',
    plugins: [
      {
        type: 'bridge',
        bridge,
        mtu,
        isGateway: true,
        isDefaultGateway: true,
        forceAddress: true,
        hairpinMode: true,
        ipMasq: false,
        ipam: { type: 'host-local', ranges: [[{ subnet: podCidr }]], dataDir: ipamDirectory },
      },
      { type: 'portmap', capabilities: { portMappings: true }, snat: true },
    ],
  };
}

/** Writes the configuration so that a reader sees the old or the new one whole. Returns whether it was another before. */
export async function writeConflist(directory: string, conflist: object): Promise<boolean> {
  const path = join(directory, FILE);
  const text = `${JSON.stringify(conflist, undefined, 2)}\n`;
  if ((await readIfPresent(path)) === text) return false;
  await mkdir(directory, { recursive: true });
  // containerd reads files that end in .conflist, .conf or .json: the temporary name must not.
  await writeFile(`${path}.new`, text);
  await rename(`${path}.new`, path);
  return true;
}

async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
