/** How verbs that change objects are told to do it, and say what they did. */
import type { KubeObject } from '../api/object.ts';
import type { Query } from '../lib/client/rest.ts';
import { objectName, type Resource } from './discovery.ts';
import { UsageError } from './errors.ts';
import { text, textOr, textWithBare, toggle } from './flags.ts';
import { formatOf, templateFlags } from './print/flags.ts';
import type { Session } from './session.ts';

export const outcomeFlags = {
  dryRun: textWithBare('unchanged', 'none', 'Must be "none", "server", or "client"'),
  output: text('Output format: json, yaml, name, jsonpath=…, go-template=…, custom-columns=…', { short: 'o' }),
  ...templateFlags,
  showManagedFields: toggle('If true, keep the managedFields when printing objects in JSON or YAML format'),
  fieldManager: textOr('dure', 'Name of the manager used to track field ownership'),
};

/** Of verbs that change objects. */
export const localFlag = toggle('If true, run locally: change what is given by files, and do not contact the server');

export const validateFlag = textWithBare(
  'strict',
  'strict',
  'Must be one of: strict (or true), warn, ignore (or false)',
);

export interface OutcomeValues {
  readonly dryRun: string;
  readonly output: string | undefined;
  readonly template?: string | undefined;
  readonly allowMissingTemplateKeys?: boolean;
  readonly showManagedFields: boolean;
  readonly fieldManager: string;
}

const VALIDATION: Readonly<Record<string, string>> = {
  true: 'Strict',
  strict: 'Strict',
  warn: 'Warn',
  false: 'Ignore',
  ignore: 'Ignore',
};

/** Throws UsageError. */
export function fieldValidation(validate: string): string {
  const level = VALIDATION[validate];
  if (level === undefined) throw new UsageError(`invalid - validate option "${validate}"`);
  return level;
}

export class Outcome {
  private readonly values: OutcomeValues;
  private readonly session: Session;
  private hasPrinted = false;
  /** Nothing is sent; what would be sent is what is shown. */
  readonly isClientOnly: boolean;
  /** Of every request that changes something. */
  readonly query: Query;

  /** Throws UsageError for an unknown kind of dry run. */
  constructor(values: OutcomeValues, session: Session) {
    const { dryRun, fieldManager } = values;
    if (!['none', 'client', 'server', 'unchanged'].includes(dryRun)) {
      throw new UsageError(`Invalid dry-run value (${dryRun}). Must be "none", "server", or "client".`);
    }
    if (dryRun === 'unchanged') {
      session.warn('W --dry-run is deprecated and can be replaced with --dry-run=client.');
    }
    this.values = values;
    this.session = session;
    this.isClientOnly = dryRun === 'client' || dryRun === 'unchanged';
    this.query = { fieldManager, ...(dryRun === 'server' ? { dryRun: 'All' } : {}) };
  }

  /** `deployment.apps/hello created`, or the object in the format that was asked for. `done` is such as `created`. */
  async say(resource: Resource, object: KubeObject, done: string): Promise<void> {
    const { dryRun } = this.values;
    const output = formatOf(this.values);
    if (output === undefined) {
      this.session.print(`${objectName(resource, object.metadata.name ?? '')} ${done}${this.suffix(dryRun)}`);
      return;
    }
    const { printerFor } = await import('./print/printer.ts');
    if (output === 'yaml' && this.hasPrinted) this.session.print('---');
    this.hasPrinted = true;
    this.session.write((await printerFor(output, this.values)).print(object));
  }

  private suffix(dryRun: string): string {
    if (this.isClientOnly) return ' (dry run)';
    return dryRun === 'server' ? ' (server dry run)' : '';
  }
}
