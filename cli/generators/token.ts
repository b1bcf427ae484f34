/** `create token`: a token of a service account. */
import type { TokenRequest } from '../../api/types/authentication.v1.ts';
import { defineCommand } from '../command.ts';
import { CommandError } from '../errors.ts';
import { array, durationOr, text } from '../flags.ts';
import { formatOf, templateFlags } from '../print/flags.ts';
import { printerFor } from '../print/printer.ts';
import { onlyName } from './create.ts';

/** What a token may be bound to. */
const BOUND_KINDS: Readonly<Record<string, string>> = { Pod: 'v1', Secret: 'v1', Node: 'v1' };

export const token = defineCommand({
  summary: 'Request a service account token',
  usage: 'SERVICE_ACCOUNT_NAME',
  examples: [
    'dure create token web',
    'dure create token web --duration 10m',
    'dure create token web --audience https://a',
  ],
  flags: {
    audience: array('Audience of the requested token; may be repeated'),
    boundObjectKind: text('Kind of an object to bind the token to: Pod, Secret or Node'),
    boundObjectName: text('Name of an object to bind the token to'),
    boundObjectUid: text('UID of an object to bind the token to'),
    duration: durationOr(0, 'Requested lifetime of the issued token'),
    output: text('Output format: json, yaml, jsonpath=…', { short: 'o' }),
    ...templateFlags,
  },
  async run({ args, flags, session }) {
    const name = onlyName(args);
    const { boundObjectKind: kind, boundObjectName, boundObjectUid, duration } = flags;
    if (kind === undefined && (boundObjectName ?? boundObjectUid) !== undefined)
      throw new CommandError(
        '--bound-object-kind is required if --bound-object-name or --bound-object-uid is provided',
      );
    if (kind !== undefined && BOUND_KINDS[kind] === undefined)
      throw new CommandError(`supported --bound-object-kind values are ${Object.keys(BOUND_KINDS).join(', ')}`);
    if (kind !== undefined && !boundObjectName)
      throw new CommandError('--bound-object-name is required if --bound-object-kind is provided');
    if (duration < 0 || duration % 1000 !== 0)
      throw new CommandError('--duration must be positive and a whole number of seconds');
    const request = {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: {
        audiences: [...flags.audience],
        ...(duration > 0 ? { expirationSeconds: duration / 1000 } : {}),
        ...(kind === undefined
          ? {}
          : {
              boundObjectRef: {
                kind,
                apiVersion: BOUND_KINDS[kind],
                name: boundObjectName,
                ...(boundObjectUid === undefined ? {} : { uid: boundObjectUid }),
              },
            }),
      },
    };
    const path = `/api/v1/namespaces/${await session.namespace()}/serviceaccounts/${encodeURIComponent(name)}/token`;
    const answer = await (await session.client()).create<TokenRequest>(path, request);
    const format = formatOf(flags);
    if (format === undefined) session.print(answer.status?.token ?? '');
    else session.write((await printerFor(format, flags)).print(answer));
  },
});
