import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KubeObject } from '../../api/object.ts';
import { SchemaRules } from '../apply/rules.ts';
import { threeWayPatch } from '../apply/three-way.ts';
import { defineCommand } from '../command.ts';
import { CommandError } from '../errors.ts';
import { text, toggle } from '../flags.ts';
import { parseManifests } from '../manifests.ts';
import { Outcome, fieldValidation, outcomeFlags, validateFlag } from '../outcome.ts';
import { yamlText } from '../print/yaml.ts';
import { errorText } from '../say-error.ts';
import { selectObjects, selectionFlags, type Selected } from '../selection.ts';
import type { Session } from '../session.ts';

const HEAD = [
  "# Please edit the object below. Lines beginning with a '#' will be ignored,",
  '# and an empty file will abort the edit. If an error occurs while saving this file will be',
  '# reopened with the relevant failures.',
  '#',
];

export const command = defineCommand({
  summary: 'Edit a resource on the server with the editor that $KUBE_EDITOR or $EDITOR names',
  usage: '(RESOURCE/NAME | -f FILENAME)',
  flags: {
    ...selectionFlags,
    ...outcomeFlags,
    validate: validateFlag,
    subresource: text('If specified, edit will operate on the subresource of the requested object'),
    outputPatch: toggle('Output the patch if the resource is edited'),
  },
  async run({ args, flags, session }) {
    const outcome = new Outcome(flags, session);
    const rules = new SchemaRules();
    const { outputPatch, subresource } = flags;
    const context = { outcome, rules, session, outputPatch, validation: fieldValidation(flags.validate) };
    for (const selected of await selectObjects(args, flags, session)) {
      await editOne(subresource ? await partOf(selected, subresource, session) : selected, context);
    }
  },
});

interface Context {
  readonly outcome: Outcome;
  readonly rules: SchemaRules;
  readonly session: Session;
  readonly validation: string;
  readonly outputPatch: boolean;
}

async function partOf(selected: Selected, subresource: string, session: Session): Promise<Selected> {
  const path = `${selected.path}/${subresource}`;
  return { ...selected, path, object: await (await session.client()).get<KubeObject>(path) };
}

async function editOne(
  selected: Selected,
  { outcome, rules, session, validation, outputPatch }: Context,
): Promise<void> {
  const { managedFields: _dropped, ...metadata } = selected.object.metadata;
  const before: KubeObject = { ...selected.object, metadata };
  const directory = mkdtempSync(join(tmpdir(), 'dure-edit-'));
  const path = join(directory, `${selected.name}.yaml`);
  let shown = `${HEAD.join('\n')}\n${yamlText(before)}`;
  let failure = '';
  try {
    for (;;) {
      const offered = failure === '' ? shown : `# ${failure.replaceAll('\n', '\n# ')}\n#\n${shown}`;
      writeFileSync(path, offered, { mode: 0o600 });
      await runEditor(path, session);
      const edited = readFileSync(path, 'utf8');
      if (edited === offered || withoutComments(edited).trim() === '') {
        if (failure !== '') throw new CommandError('Edit cancelled, no valid changes were saved.');
        session.warn('Edit cancelled, no changes made.');
        return;
      }
      shown = withoutComments(edited);
      try {
        const [parsed] = parseManifests(shown, path);
        const typeName = rules.typeOf(selected.resource);
        const after = parsed?.object ?? before;
        const patch = threeWayPatch(
          { original: { ...before }, modified: { ...after }, current: { ...before } },
          typeName,
          rules,
        );
        if (Object.keys(patch).length === 0) return session.warn('Edit cancelled, no changes made.');
        if (outputPatch) session.print(`Patch: ${JSON.stringify(patch)}`);
        const type = typeName === undefined ? 'merge-patch' : 'strategic-merge-patch';
        const query = { ...outcome.query, fieldValidation: validation };
        const client = await session.client();
        return await outcome.say(
          selected.resource,
          await client.patch<KubeObject>(selected.path, type, patch, { query }),
          'edited',
        );
      } catch (error) {
        failure = errorText(error);
        session.warn(failure);
      }
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function withoutComments(text: string): string {
  return text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n');
}

/** Through a shell, because the variable may hold arguments. */
function runEditor(path: string, { world }: Session): Promise<void> {
  const editor = world.env['KUBE_EDITOR'] ?? world.env['EDITOR'] ?? 'vi';
  return new Promise((resolve, reject) => {
    const child = spawn('/bin/sh', ['-c', `${editor} "$1"`, 'sh', path], { stdio: 'inherit', env: world.env });
    child.once('error', reject);
    child.once('close', (code) =>
      code === 0 ? resolve() : reject(new CommandError(`there was a problem with the editor "${editor}"`)),
    );
  });
}
