/** An edge: whether the kernel of this machine confines programs by AppArmor. */
import { readFile } from 'node:fs/promises';

export async function hasAppArmor(file = '/sys/module/apparmor/parameters/enabled'): Promise<boolean> {
  // No such file: the kernel was made without it.
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.startsWith('Y');
}
