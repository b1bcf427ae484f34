/**
 * An OpenAPI v2 document as the protobuf message that Go clients ask for (`openapi.v2.Document` of gnostic). A message is
 * described by the numbers and types of its members; what has no JSON member of its own is written by hand.
 */
import { Writer } from '../schema/protobuf/wire.ts';

type Json = Readonly<Record<string, unknown>>;
type Write = (writer: Writer, field: number, value: unknown) => void;

interface Message {
  readonly members: Readonly<Record<string, readonly [number, Write]>>;
  /** The field of `x-…` members; they are dropped when it is absent. */
  readonly extensions?: number;
}

const text: Write = (writer, field, value) => writer.text(field, String(value));
const truth: Write = (writer, field, value) => writer.integer(field, value === true ? 1 : 0);
const integer: Write = (writer, field, value) => writer.integer(field, Number(value));
const double: Write = (writer, field, value) => writer.double(field, Number(value));

/** A message made on the spot. */
function nested(fill: (writer: Writer, value: unknown) => void): Write {
  return (writer, field, value) => {
    const inner = new Writer();
    fill(inner, value);
    writer.bytes(field, inner.finish());
  };
}

/** Any value, as YAML text; JSON is that. */
const anything = nested((writer, value) => writer.text(2, `${JSON.stringify(value)}\n`));

function each(write: Write): Write {
  return (writer, field, values) => {
    for (const value of values as readonly unknown[]) write(writer, field, value);
  };
}

/** The entries of a map as messages of a name and a value, repeated in field `number` of a message of their own. */
function mapIn(number: number, write: Write): Write {
  return nested((writer, value) => entries(write)(writer, number, value));
}

function entries(write: Write): Write {
  return (writer, field, value) => {
    for (const entry of Object.entries(value as Json)) named(write)(writer, field, entry);
  };
}

function named(write: Write): Write {
  return nested((writer, entry) => {
    const [name, value] = entry as [string, unknown];
    writer.text(1, name);
    write(writer, 2, value);
  });
}

/** The description is asked for when something is written, so that messages can hold one another. */
function message(describe: () => Message): Write {
  return nested((writer, value) => {
    const { members, extensions } = describe();
    for (const [name, item] of Object.entries(value as Json)) {
      const member = Object.hasOwn(members, name) ? members[name] : undefined;
      if (member) member[1](writer, member[0], item);
      else if (extensions !== undefined && name.startsWith('x-')) named(anything)(writer, extensions, [name, item]);
    }
  });
}

/** One of several messages, in a message that has a field for each. */
function oneOf(number: number, write: Write): Write {
  return nested((writer, value) => write(writer, number, value));
}

const additional: Write = nested((writer, value) => {
  if (typeof value === 'boolean') writer.integer(2, value ? 1 : 0);
  else schema(writer, 1, value);
});
const types: Write = nested((writer, value) => each(text)(writer, 1, Array.isArray(value) ? value : [value]));
const items: Write = nested((writer, value) => each(schema)(writer, 1, Array.isArray(value) ? value : [value]));

const SCHEMA: Message = {
  members: {
    $ref: [1, text],
    format: [2, text],
    title: [3, text],
    description: [4, text],
    default: [5, anything],
    multipleOf: [6, double],
    maximum: [7, double],
    exclusiveMaximum: [8, truth],
    minimum: [9, double],
    exclusiveMinimum: [10, truth],
    maxLength: [11, integer],
    minLength: [12, integer],
    pattern: [13, text],
    maxItems: [14, integer],
    minItems: [15, integer],
    uniqueItems: [16, truth],
    maxProperties: [17, integer],
    minProperties: [18, integer],
    required: [19, each(text)],
    enum: [20, each(anything)],
    additionalProperties: [21, additional],
    type: [22, types],
    items: [23, items],
    allOf: [24, each((...value) => schema(...value))],
    properties: [25, mapIn(1, (...value) => schema(...value))],
    readOnly: [27, truth],
    example: [30, anything],
  },
  extensions: 31,
};
const schema: Write = message(() => SCHEMA);

const BODY_PARAMETER: Message = {
  members: { description: [1, text], name: [2, text], in: [3, text], required: [4, truth], schema: [5, schema] },
  extensions: 6,
};
const QUERY_PARAMETER: Message = {
  members: {
    required: [1, truth],
    in: [2, text],
    description: [3, text],
    name: [4, text],
    type: [6, text],
    format: [7, text],
    uniqueItems: [20, truth],
  },
  extensions: 23,
};
const PATH_PARAMETER: Message = {
  members: {
    required: [1, truth],
    in: [2, text],
    description: [3, text],
    name: [4, text],
    type: [5, text],
    format: [6, text],
    uniqueItems: [19, truth],
  },
  extensions: 22,
};
const bodyParameter = message(() => BODY_PARAMETER);
const queryParameter = oneOf(
  3,
  message(() => QUERY_PARAMETER),
);
const pathParameter = oneOf(
  4,
  message(() => PATH_PARAMETER),
);

const parameter: Write = oneOf(
  1,
  nested((writer, value) => {
    const place = (value as Json)['in'];
    if (place === 'body') bodyParameter(writer, 1, value);
    else (place === 'path' ? pathParameter : queryParameter)(writer, 2, value);
  }),
);

const RESPONSE: Message = { members: { description: [1, text], schema: [2, oneOf(1, schema)] }, extensions: 5 };
const response = oneOf(
  1,
  message(() => RESPONSE),
);

const OPERATION: Message = {
  members: {
    tags: [1, each(text)],
    summary: [2, text],
    description: [3, text],
    operationId: [5, text],
    produces: [6, each(text)],
    consumes: [7, each(text)],
    parameters: [8, each(parameter)],
    responses: [9, mapIn(1, response)],
    schemes: [10, each(text)],
    deprecated: [11, truth],
  },
  extensions: 13,
};
const operation = message(() => OPERATION);

const PATH_ITEM: Message = {
  members: {
    get: [2, operation],
    put: [3, operation],
    post: [4, operation],
    delete: [5, operation],
    options: [6, operation],
    head: [7, operation],
    patch: [8, operation],
    parameters: [9, each(parameter)],
  },
  extensions: 10,
};

const INFO: Message = { members: { title: [1, text], version: [2, text], description: [3, text] }, extensions: 7 };
const API_KEY: Message = {
  members: { type: [1, text], name: [2, text], in: [3, text], description: [4, text] },
  extensions: 5,
};

const DOCUMENT: Message = {
  members: {
    swagger: [1, text],
    info: [2, message(() => INFO)],
    consumes: [6, each(text)],
    produces: [7, each(text)],
    paths: [
      8,
      mapIn(
        2,
        message(() => PATH_ITEM),
      ),
    ],
    definitions: [9, mapIn(1, schema)],
    securityDefinitions: [
      13,
      mapIn(
        1,
        oneOf(
          2,
          message(() => API_KEY),
        ),
      ),
    ],
  },
  extensions: 16,
};

/** The message of a whole document. */
export function documentMessage(document: object): Uint8Array {
  const writer = new Writer();
  for (const [name, value] of Object.entries(document)) {
    const member = Object.hasOwn(DOCUMENT.members, name) ? DOCUMENT.members[name] : undefined;
    if (member) member[1](writer, member[0], value);
  }
  return writer.finish();
}
