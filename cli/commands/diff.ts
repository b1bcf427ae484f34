import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KubeObject } from '../../api/object.ts';
import { lastAppliedOf } from '../apply/last-applied.ts';
import { SchemaRules } from '../apply/rules.ts';
import { threeWayPatch } from '../apply/three-way.ts';
import { defineCommand } from '../command.ts';
import { apiVersionOf } from '../discovery.ts';
import { CommandError } from '../errors.ts';
import { textOr, toggle } from '../flags.ts';
import { fileFlags } from '../file-flags.ts';
import { isNotFound } from '../get/tables.ts';
import { readItems, type Item } from '../manifests.ts';
import { yamlText } from '../print/yaml.ts';
import type { Session } from '../session.ts';
import type { RestClient } from '../../lib/client/rest.ts';

const FAILED = 2;

export const command = defineCommand({
  summary: 'Diff the live version against a would-be applied version; exits with 1 where they differ',
  usage: '-f FILENAME',
  examples: ['dure diff -f app.yaml', 'KUBECTL_EXTERNAL_DIFF="diff -y" dure diff -f app.yaml'],
  flags: {
    ...fileFlags,
    serverSide: toggle('If true, apply runs in the server instead of the client'),
    forceConflicts: toggle('If true, server-side apply will force the changes against conflicts'),
    fieldManager: textOr('dure', 'Name of the manager used to track field ownership'),
    showManagedFields: toggle('If true, include managed fields in the diff'),
  },
  async run({ flags, session }) {
    if (flags.filename.length === 0 && flags.kustomize === undefined)
      throw new CommandError('must specify one of -f and -k');
    const items = await readItems(flags, session);
    const client = await session.client();
    const directory = mkdtempSync(join(tmpdir(), 'dure-diff-'));
    try {
      const [live, merged] = ['LIVE', 'MERGED'].map((name) => join(directory, name)) as [string, string];
      mkdirSync(live);
      mkdirSync(merged);
      for (const item of items) {
        const present = await presentOf(item, client);
        const next = await wouldBe(item, present, flags, client);
        const name = fileName(item, next);
        if (present) writeFileSync(join(live, name), textOf(present, flags.showManagedFields));
        writeFileSync(join(merged, name), textOf(next, flags.showManagedFields));
      }
      return await runDiff(live, merged, session);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  },
});

async function presentOf({ path, name }: Item, client: RestClient): Promise<KubeObject | undefined> {
  if (name === '') return undefined;
  try {
    return await client.get<KubeObject>(path);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** As the server would have it after an apply: it is asked, without anything being stored. */
async function wouldBe(
  item: Item,
  present: KubeObject | undefined,
  flags: { readonly serverSide: boolean; readonly forceConflicts: boolean; readonly fieldManager: string },
  client: RestClient,
): Promise<KubeObject> {
  const query = { dryRun: 'All', fieldManager: flags.fieldManager };
  if (flags.serverSide)
    return client.apply<KubeObject>(item.path, item.object, { query: { ...query, force: flags.forceConflicts } });
  // Without the annotation that an apply adds: it would only repeat the difference.
  const { metadata } = item.object;
  const modified = { ...item.object, metadata: { ...metadata, annotations: metadata.annotations ?? {} } };
  if (!present) return client.create<KubeObject>(item.collection, modified, { query });
  const rules = new SchemaRules();
  const typeName = rules.typeOf(item.resource);
  const original = lastAppliedOf(present) ?? {};
  const change = threeWayPatch({ original, modified: { ...modified }, current: { ...present } }, typeName, rules);
  const type = typeName === undefined ? 'merge-patch' : 'strategic-merge-patch';
  return client.patch<KubeObject>(item.path, type, change, { query });
}

function fileName({ resource, namespace = '' }: Item, { metadata }: KubeObject): string {
  return `${apiVersionOf(resource).replace('/', '.')}.${resource.kind}.${namespace}.${metadata.name ?? ''}`;
}

function textOf(object: KubeObject, withOwners: boolean): string {
  const { managedFields, ...metadata } = object.metadata;
  return yamlText({ ...object, metadata: { ...metadata, ...(withOwners && managedFields ? { managedFields } : {}) } });
}

/** Resolves with 0 when they are the same and 1 when they differ, as diff has it. */
function runDiff(live: string, merged: string, { world }: Session): Promise<number> {
  const [program = 'diff', ...words] = (world.env['KUBECTL_EXTERNAL_DIFF'] ?? 'diff -u -N').split(' ').filter(Boolean);
  const path = world.env['PATH'] ?? process.env['PATH'];
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...words, live, merged], {
      env: { ...world.env, PATH: path },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.on('data', (text: Buffer) => world.stdout.write(text));
    child.stderr.on('data', (text: Buffer) => world.stderr.write(text));
    child.on('error', (error) => reject(new CommandError(`failed to run "${program}": ${error.message}`)));
    child.on('close', (code) => {
      if (code === 0 || code === 1) resolve(code);
      else reject(new CommandError(`"${program}" exited with ${code ?? FAILED}`));
    });
  });
}
