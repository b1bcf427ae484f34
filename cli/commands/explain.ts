import { defineCommand } from '../command.ts';
import { CommandError } from '../errors.ts';
import { text, textOr, toggle } from '../flags.ts';
import { explainText } from '../explain/text.ts';
import { SchemaDocument } from '../explain/schema.ts';

export const command = defineCommand({
  summary: 'Get documentation for a resource and its fields',
  usage: 'TYPE[.FIELD...] [--recursive=false] [--api-version=]',
  examples: ['dure explain pods', 'dure explain deployment.spec.strategy', 'dure explain pods --recursive'],
  flags: {
    apiVersion: text('Get different explanations for particular API version (API group/version)'),
    recursive: toggle('When true, print the name of all the fields recursively'),
    output: textOr('plaintext', 'Format in which to render the schema (plaintext)', { short: 'o' }),
  },
  async run({ args, flags, session }) {
    const [word = ''] = args;
    if (args.length === 0)
      throw new CommandError(
        'You must specify the type of resource to explain. Use "dure api-resources" for a complete list of supported resources.',
      );
    if (args.length > 1) throw new CommandError('We accept only this format: explain RESOURCE');
    if (flags.output !== 'plaintext') throw new CommandError(`-o ${flags.output} is not supported; use plaintext`);
    const [type = '', ...path] = word.split('.');
    const discovery = await session.discovery();
    const found = await discovery.find(type);
    const wanted = flags.apiVersion;
    const version = wanted?.slice(wanted.lastIndexOf('/') + 1) ?? found.version;
    const group = wanted === undefined ? found.group : wanted.includes('/') ? wanted.slice(0, wanted.indexOf('/')) : '';
    const place = group === '' ? `api/${version}` : `apis/${group}/${version}`;
    const client = await session.client();
    const document = new SchemaDocument(await client.get<object>(`/openapi/v3/${place}`));
    const schema = document.ofKind(group, version, found.kind);
    if (!schema)
      throw new CommandError(
        `couldn't find resource for "${group === '' ? version : `${group}/${version}`}, Kind=${found.kind}"`,
      );
    session.write(
      explainText({ document, group, version, kind: found.kind, schema, path, recursive: flags.recursive }),
    );
  },
});
