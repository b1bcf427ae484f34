const SYSTEM_DIRECTORIES = ['/usr/local/sbin', '/usr/sbin', '/sbin'];

/** $PATH with the directories of nft, sysctl and their like at its end: a root shell opened by `su` does not have them. */
export function withSystemPrograms(path: string | undefined): string {
  const directories = path ? path.split(':') : [];
  return [...directories, ...SYSTEM_DIRECTORIES.filter((each) => !directories.includes(each))].join(':');
}
