/** What this machine must have before a local cluster can be made. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { LocalError } from './errors.ts';

/** Programs, by the Debian package that brings each. */
const PROGRAMS: Readonly<Record<string, string>> = {
  busybox: 'busybox-static',
  catatonit: 'catatonit',
  conntrack: 'conntrack',
  containerd: 'containerd',
  'docker-registry': 'docker-registry',
  etcd: 'etcd-server',
  ip: 'iproute2',
  nft: 'nftables',
  ps: 'procps',
  runc: 'runc',
};

export interface Machine {
  readonly path: string;
  /** 0 is root. */
  readonly uid: number;
  readonly isExecutable: (file: string) => boolean;
}

/** Throws an Error that names all that is missing, and how to get it. */
export function checkMachine({ path, uid, isExecutable }: Machine): void {
  if (uid !== 0)
    throw new LocalError('a local cluster makes network namespaces and starts containers: run this as root');
  const directories = path.split(delimiter);
  const isThere = (program: string): boolean => directories.some((each) => isExecutable(join(each, program)));
  const packages = Object.entries(PROGRAMS).flatMap(([program, name]) => (isThere(program) ? [] : [name]));
  if (packages.length > 0) {
    throw new LocalError(`a local cluster needs programs that are not here: apt-get install ${packages.join(' ')}`);
  }
}

export function thisMachine(): Machine {
  return { path: process.env['PATH'] ?? '', uid: process.getuid?.() ?? -1, isExecutable };
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    // Not there, or no program: both mean no.
    return false;
  }
}
