/** Every verb and flag of kubectl, from what it says of itself: which are here, and which of those a test uses. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { tmpdir } from 'node:os';
import { dure } from '../../support/dure.ts';
import { kubectl } from '../../support/kubectl.ts';

interface Verb {
  readonly path: string;
  readonly flags: readonly string[];
}

const MAX_DEPTH = 3;
/** Verbs that are not here. */
const NO_VERBS = ['alpha', 'alpha kuberc', 'alpha kuberc set', 'alpha kuberc view', 'apply edit-last-applied'];
/** Verbs that no test with a real cluster uses: they ask the server for nothing, or are covered without nodes. */
const UNPLAYED: ReadonlySet<string> = new Set([
  'apply set-last-applied',
  'apply view-last-applied',
  'auth reconcile',
  'config current-context',
  'config delete-cluster',
  'config delete-context',
  'config delete-user',
  'config get-clusters',
  'config get-contexts',
  'config get-users',
  'config rename-context',
  'config set',
  'config set-cluster',
  'config set-context',
  'config set-credentials',
  'config unset',
  'config use-context',
  'create namespace',
]);
/** Flags that are not here, verb by verb. */
const NO_FLAGS: Readonly<Record<string, string>> = {
  apply: 'all cascade grace-period openapi-patch prune-allowlist subresource timeout',
  attach: 'pod-running-timeout quiet',
  'api-resources': 'show-managed-fields',
  'cluster-info dump': 'pod-running-timeout',
  'config set-cluster': 'proxy-url',
  'config set-credentials':
    'auth-provider auth-provider-arg exec-api-version exec-arg exec-command exec-env exec-interactive-mode exec-provide-cluster-info password username',
  'config view': 'merge show-managed-fields',
  cp: 'retries',
  create: 'edit selector windows-line-endings',
  'create token': 'show-managed-fields',
  describe: 'chunk-size',
  diff: 'concurrency prune prune-allowlist selector',
  drain: 'chunk-size',
  edit: 'save-config windows-line-endings',
  events: 'chunk-size',
  exec: 'filename pod-running-timeout',
  kustomize:
    'as-current-user enable-alpha-plugins enable-helm env helm-api-versions helm-command helm-debug helm-kube-version mount network network-name',
  logs: 'insecure-skip-tls-verify-backend pod-running-timeout',
  proxy:
    'accept-hosts accept-paths append-server-path disable-filter keepalive reject-methods reject-paths unix-socket www www-prefix',
  replace: 'cascade wait',
  'rollout history': 'allow-missing-template-keys output show-managed-fields template',
  run: 'cascade filename force grace-period kustomize recursive timeout wait',
  taint: 'validate',
};

function flagsIn(help: string): string[] {
  const found = [...help.matchAll(/^\s+(?:-\w, )?--([a-z0-9-]+)=/gm)].map(([, name = '']) => name);
  return [...new Set(found)];
}

function subcommandsIn(help: string): string[] {
  const sections = help.split(/\n(?=\S)/).filter((section) => /^[A-Z].*Commands?.*:\n/.test(section));
  return sections.flatMap((section) => [...section.matchAll(/^ {2}([a-z-]+) +\S/gm)].map(([, name = '']) => name));
}

describe("kubectl's verbs and flags", function () {
  this.timeout(120_000);
  const verbs: Verb[] = [];
  const ours = new Map<string, Set<string>>();

  const theirHelp = async (words: readonly string[]): Promise<string> =>
    (await kubectl(join(tmpdir(), 'none'), [...words, '--help'])).stdout;
  const ourFlags = async (path: string): Promise<Set<string> | undefined> => {
    const { code, stdout } = await dure(undefined, [...path.split(' '), '--help']);
    return code === 0 && stdout.includes(`  dure ${path}`) ? new Set(flagsIn(stdout)) : undefined;
  };

  before(async () => {
    const walk = async (words: readonly string[]): Promise<void> => {
      const help = await theirHelp(words);
      if (words.length > 0) verbs.push({ path: words.join(' '), flags: flagsIn(help) });
      const below = words.length < MAX_DEPTH ? subcommandsIn(help) : [];
      await Promise.all(below.map((name) => walk([...words, name])));
    };
    await walk([]);
    for (const { path } of verbs) {
      const known = await ourFlags(path);
      if (known) ours.set(path, known);
    }
  });

  it('has every verb but those that are named here', () => {
    assert.ok(verbs.length > 80, `only ${verbs.length} verbs were found`);
    const missing = verbs.map(({ path }) => path).filter((path) => !ours.has(path));
    assert.deepEqual(missing.toSorted(), NO_VERBS.toSorted());
  });

  it('has every flag but those that are named here', () => {
    const missing = verbs
      .filter(({ path }) => ours.has(path))
      .map(({ path, flags }) => [
        path,
        flags
          .filter((flag) => ours.get(path)?.has(flag) !== true)
          .toSorted()
          .join(' '),
      ])
      .filter(([, flags]) => flags !== '');
    assert.deepEqual(Object.fromEntries(missing), NO_FLAGS);
  });

  it('is told in the tests with a cluster, verb by verb', () => {
    const folder = resolve(import.meta.dirname, '../../compat');
    const texts = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
    const lines = texts.join('\n').split('\n');
    const isPlayed = ({ path }: Verb): boolean => lines.some((line) => line.includes(path));
    const groups = new Set(verbs.map(({ path }) => path.split(' ').slice(0, -1).join(' ')));
    const unplayed = verbs.filter((verb) => !groups.has(verb.path) && !isPlayed(verb)).map(({ path }) => path);
    assert.deepEqual(
      unplayed.filter((path) => !UNPLAYED.has(path) && !NO_VERBS.includes(path)),
      [],
    );
  });
});
