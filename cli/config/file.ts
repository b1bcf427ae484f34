/** Changing kubeconfig files: which of several is meant, and how an entry of it is set and taken away. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseDocument } from 'yaml';
import { readKubeconfigFile } from '../kubeconfig.ts';
import type { Session } from '../session.ts';

export type Section = 'clusters' | 'users' | 'contexts';

/** Under which key an entry has what it is about. */
const INNER: Readonly<Record<Section, string>> = { clusters: 'cluster', users: 'user', contexts: 'context' };

type Document = ReturnType<typeof parseDocument>;

function existing({ kubeconfigPaths }: Session): string[] {
  return kubeconfigPaths.filter((path) => existsSync(path));
}

/** The file that says which context is current; the first one when none does. */
export function fileWithCurrent(session: Session): string {
  const paths = existing(session);
  return (
    paths.find((path) => readKubeconfigFile(path)['current-context']) ?? paths[0] ?? session.kubeconfigPaths[0] ?? ''
  );
}

/** The first file that has it; undefined when none does. */
export function fileWithEntry(section: Section, name: string, session: Session): string | undefined {
  return existing(session).find((path) => readKubeconfigFile(path)[section]?.some((entry) => entry.name === name));
}

/** Makes the entry when it isn't there. A value of undefined takes its key away. */
export function setEntry(
  section: Section,
  name: string,
  changes: readonly (readonly [string, unknown])[],
  session: Session,
): void {
  const path = fileWithEntry(section, name, session) ?? fileWithCurrent(session);
  edit(path, (document) => {
    const entries = entriesOf(section, document);
    const at = entries.findIndex((entry) => entry.name === name);
    if (at < 0) {
      const values = Object.fromEntries(changes.filter(([, value]) => value !== undefined));
      document.setIn([section], document.createNode([...entries, { name, [INNER[section]]: values }]));
    } else {
      for (const [key, value] of changes) {
        if (value === undefined) document.deleteIn([section, at, INNER[section], key]);
        else document.setIn([section, at, INNER[section], key], value);
      }
    }
  });
}

/** Says from which file; undefined when none has it. */
export function removeEntry(section: Section, name: string, session: Session): string | undefined {
  const path = fileWithEntry(section, name, session);
  if (path === undefined) return undefined;
  edit(path, (document) => {
    const at = entriesOf(section, document).findIndex((entry) => entry.name === name);
    document.deleteIn([section, at]);
  });
  return path;
}

export function entriesOf(section: Section, document: Document): { readonly name: string }[] {
  const file = (document.toJS() ?? {}) as Partial<Record<Section, { name: string }[] | null>>;
  return file[section] ?? [];
}

/** Keeps comments and order. Written aside and renamed: it holds keys that must not be lost. */
export function edit(path: string, change: (document: Document) => void): void {
  const document = parseDocument(existsSync(path) ? readFileSync(path, 'utf8') : 'apiVersion: v1\nkind: Config\n');
  change(document);
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, document.toString(), { mode: 0o600 });
  renameSync(temporary, path);
}
