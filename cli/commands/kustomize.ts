import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KubeObject } from '../../api/object.ts';
import { defineCommand } from '../command.ts';
import { CommandError } from '../errors.ts';
import { text, textOr } from '../flags.ts';
import { buildKustomization } from '../kustomize/build.ts';
import { yamlText } from '../print/yaml.ts';

const RESTRICTORS: ReadonlySet<string> = new Set(['LoadRestrictionsRootOnly', 'LoadRestrictionsNone']);

export const command = defineCommand({
  summary: 'Build a kustomization target from a directory',
  usage: 'DIR',
  examples: ['dure kustomize overlays/production', 'dure apply -k overlays/production'],
  flags: {
    loadRestrictor: textOr(
      'LoadRestrictionsRootOnly',
      "If set to 'LoadRestrictionsNone', kustomizations may read files outside of their folders",
    ),
    output: text('If specified, write output to this path: a file, or a directory of files', { short: 'o' }),
  },
  run({ args, flags, session }) {
    const [directory = '.', ...more] = args;
    if (more.length > 0) throw new CommandError('specify one path to a directory with a kustomization.yaml');
    const { loadRestrictor, output } = flags;
    if (!RESTRICTORS.has(loadRestrictor)) {
      throw new CommandError(
        `illegal flag value --load-restrictor ${loadRestrictor}; legal values: [${[...RESTRICTORS].join(' ')}]`,
      );
    }
    const objects = buildKustomization({
      directory,
      anywhere: loadRestrictor === 'LoadRestrictionsNone',
      warn: (line) => session.warn(line),
    });
    const whole = objects.map((object) => yamlText(object)).join('---\n');
    if (output === undefined) session.write(whole);
    else if (statSync(output, { throwIfNoEntry: false })?.isDirectory()) writeEach(objects, output);
    else writeFileSync(output, whole);
    return Promise.resolve();
  },
});

/** A file an object, in a folder a namespace when there are several. */
function writeEach(objects: readonly KubeObject[], directory: string): void {
  const namespaces = new Set(objects.map(({ metadata }) => metadata.namespace ?? ''));
  for (const object of objects) {
    const { apiVersion = '', kind = '', metadata } = object;
    const place = namespaces.size > 1 && metadata.namespace ? join(directory, metadata.namespace) : directory;
    mkdirSync(place, { recursive: true });
    const file = `${apiVersion.replace('/', '_')}_${kind}_${metadata.name}.yaml`.toLowerCase();
    writeFileSync(join(place, file), yamlText(object));
  }
}
