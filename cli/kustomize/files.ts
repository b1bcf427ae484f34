/** The files of a kustomization: below its folder and nowhere else, unless that is allowed. */
import { readFileSync, realpathSync, statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { KustomizeError } from './errors.ts';

const NAMES = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'];
/** What kustomize would fetch with git or over HTTP. */
const REMOTE = /^(?:[a-z+]+:\/\/|git@|github\.com[/:]|[^/]+@[^/]+:)|\/\/.*\?|\?ref=/;

export class Folder {
  /** Absolute, without links. */
  readonly path: string;
  private readonly isOpen: boolean;

  /** `isOpen` lets files be read that are outside of it. Throws KustomizeError for what is no folder. */
  constructor(options: { readonly path: string; readonly isOpen: boolean }) {
    const { path, isOpen } = options;
    refuseRemote(path);
    if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
      throw new KustomizeError(`must build at directory: '${path}': file is not directory or does not exist`);
    }
    this.path = realpathSync(path);
    this.isOpen = isOpen;
  }

  isFolder(path: string): boolean {
    refuseRemote(path);
    return statSync(resolve(this.path, path), { throwIfNoEntry: false })?.isDirectory() === true;
  }

  isFile(path: string): boolean {
    return statSync(resolve(this.path, path), { throwIfNoEntry: false })?.isFile() === true;
  }

  below(path: string): Folder {
    refuseRemote(path);
    return new Folder({ path: resolve(this.path, path), isOpen: this.isOpen });
  }

  read(path: string): Buffer {
    const full = resolve(this.path, path);
    const stats = statSync(full, { throwIfNoEntry: false });
    if (!stats) throw new KustomizeError(`evalsymlink failure on '${full}' : lstat ${full}: no such file or directory`);
    if (!stats.isFile()) throw new KustomizeError(`'${full}' is no file`);
    const real = realpathSync(full);
    if (!this.isOpen && relative(this.path, real).startsWith('..')) {
      throw new KustomizeError(`security; file '${real}' is not in or below '${this.path}'`);
    }
    return readFileSync(real);
  }

  /** The kustomization file's text and name. */
  kustomization(): { readonly text: string; readonly file: string } {
    const found = NAMES.filter((name) => this.isFile(name));
    const [name] = found;
    if (name === undefined) {
      const [first, second, third] = NAMES;
      throw new KustomizeError(
        `unable to find one of '${first}', '${second}' or '${third}' in directory '${this.path}'`,
      );
    }
    if (found.length > 1) throw new KustomizeError(`Found multiple kustomization files under: ${this.path}`);
    const file = join(this.path, name);
    return { text: readFileSync(file, 'utf8'), file };
  }
}

function refuseRemote(path: string): void {
  if (REMOTE.test(path))
    throw new KustomizeError(`dure fetches nothing from elsewhere: get "${path}" and name its folder`);
}
