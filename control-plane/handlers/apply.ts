/** PATCH with a configuration: server-side apply, to an object, its status or its scale. */
import { badRequest } from '../../api/errors.ts';
import { duplicateKeyLines, parseYaml } from '../../api/machinery/yaml.ts';
import type { KubeObject } from '../../api/object.ts';
import { isObject } from '../../api/patch/value.ts';
import { readBody } from '../http/body.ts';
import { addWarnings } from '../http/respond.ts';
import { authorizeCreation } from './authorize-creation.ts';
import { placeObject } from './decode-body.ts';
import type { HandlerOptions, ResourceExchange } from './port.ts';
import { sendObject } from './represent.ts';
import { subresourceOf } from './subresource.ts';
import { parseApplyOptions, type FieldValidation } from './write-options.ts';

/** Creates what does not exist, with 201. */
export async function apply(exchange: ResourceExchange, options: HandlerOptions): Promise<void> {
  const { fieldValidation, ...write } = parseApplyOptions(exchange);
  const config = await readConfig(exchange, options, fieldValidation);
  placeObject(exchange, config);
  const subresource = subresourceOf(exchange);
  const mayCreate = (): void => authorizeCreation(exchange, options);
  const { object, created } = await exchange.resource.apply(config, { ...write, ...subresource, mayCreate });
  await sendObject(exchange, options, created ? 201 : 200, object);
}

/** With metadata, as it was sent: what the decoder would add, nobody has applied. Throws BadRequest. */
export async function readConfig(
  exchange: ResourceExchange,
  { clock }: HandlerOptions,
  mode: FieldValidation,
): Promise<KubeObject> {
  const body = await readBody(exchange, clock);
  const { value, duplicates } = parseYaml(body);
  if (!isObject(value)) throw badRequest('error decoding patch: the configuration to apply is not an object');
  const { metadata = {} } = value;
  if (!isObject(metadata)) throw badRequest('error decoding patch: metadata is not an object');
  if (duplicates.length > 0 && mode !== 'Ignore') {
    const problem = `error converting YAML to JSON: yaml: unmarshal errors:\n  ${duplicateKeyLines(body).join('\n  ')}`;
    if (mode === 'Strict') throw badRequest(`error strict decoding patch: ${problem}`);
    addWarnings(exchange, [problem.replaceAll('\n', ' ')]);
  }
  return { ...value, metadata: { ...metadata } };
}
