/** `/openapi/v2`: all that is served in one Swagger 2.0 document, for clients that know no better. */
import type { Kind } from '../kinds.ts';
import type { Operation, Parameter } from './operations.ts';
import type { PathItem } from './paths.ts';
import { V2 } from './schemas.ts';
import type { Schema } from './schemas.ts';
import { describeKinds, openApiDocument } from './v3.ts';
import type { OpenApiDocument, OpenApiOptions } from './v3.ts';

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

export class OpenApiV2 {
  readonly #options: OpenApiOptions;
  #kinds: readonly Kind[];
  #document: OpenApiDocument | undefined;

  constructor(options: OpenApiOptions) {
    this.#options = options;
    this.#kinds = [...options.kinds];
  }

  /** From now on these are served. */
  replace(kinds: Iterable<Kind>): void {
    this.#kinds = [...kinds];
    this.#document = undefined;
  }

  document(): OpenApiDocument {
    this.#document ??= this.#make();
    return this.#document;
  }

  #make(): OpenApiDocument {
    const { paths, schemas } = describeKinds(this.#options, this.#kinds, V2);
    return openApiDocument({
      swagger: '2.0',
      info: { title: 'Kubernetes', version: 'v1.35.0' },
      paths: Object.fromEntries(Object.entries(paths).map(([path, item]) => [path, pathItem(item)])),
      definitions: schemas,
      securityDefinitions: {
        BearerToken: {
          type: 'apiKey',
          description: 'Bearer Token authentication',
          name: 'authorization',
          in: 'header',
        },
      },
    });
  }
}

function pathItem(item: PathItem): Schema {
  const operations = METHODS.flatMap((method): [string, unknown][] => {
    const operation = item[method];
    return operation ? [[method, operationOf(operation)]] : [];
  });
  return {
    ...Object.fromEntries(operations),
    ...(item.parameters ? { parameters: item.parameters.map(parameter) } : {}),
  };
}

interface Content {
  readonly required?: boolean;
  readonly description?: string;
  readonly content?: Readonly<Record<string, { readonly schema: Schema }>>;
}

function operationOf({ requestBody, responses, parameters, ...rest }: Operation): Schema {
  const body = requestBody as Content | undefined;
  const answers = Object.entries(responses as Readonly<Record<string, Content>>);
  return {
    ...rest,
    ...(body?.content ? { consumes: Object.keys(body.content) } : {}),
    produces: Object.keys(answers[0]?.[1].content ?? {}),
    parameters: [...(body ? [bodyParameter(body)] : []), ...parameters.map(parameter)],
    responses: Object.fromEntries(answers.map(([code, answer]) => [code, response(answer)])),
  };
}

function bodyParameter(body: Content): Schema {
  return { name: 'body', in: 'body', ...(body.required ? { required: true } : {}), schema: schemaOf(body) };
}

function response({ description = '', ...content }: Content): Schema {
  return { description, ...(content.content ? { schema: schemaOf(content) } : {}) };
}

function schemaOf({ content }: Content): Schema {
  return Object.values(content ?? {})[0]?.schema ?? {};
}

function parameter({ schema, ...rest }: Parameter): Schema {
  return { ...rest, ...schema };
}
