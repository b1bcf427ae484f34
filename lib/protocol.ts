/**
 * Protocol files and their messages, in the form that grpc-js takes. protobufjs enters the project here and nowhere else. What
 * proto-loader would add to it are descriptions for reflection, which nobody asks for: 1 MB in every agent.
 */
import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js';
import protobuf from 'protobufjs';

const DIRECTORY = new URL('../proto/', import.meta.url);
/** Messages have all their fields, and 64-bit numbers are numbers. */
const FORM: protobuf.IConversionOptions = { longs: Number, defaults: true, oneofs: true };

export interface Codec {
  readonly serialize: (message: object) => Buffer;
  readonly deserialize: (bytes: Buffer) => object;
}

export class Protocol {
  private readonly root = new protobuf.Root();
  private readonly form: protobuf.IConversionOptions;
  private readonly methods = new Map<string, MethodDefinition<object, object>>();

  /** `file` is in the project's directory of them. Enumerated values are numbers, unless `enums` is String. */
  constructor(file: string, { enums }: { enums?: StringConstructor } = {}) {
    this.form = enums ? { ...FORM, enums } : FORM;
    this.root.loadSync(new URL(file, DIRECTORY).pathname).resolveAll();
  }

  /** Throws when there is no such message; `name` is with its package. */
  message(name: string): Codec {
    return this.codecOf(this.root.lookupType(name));
  }

  /** The service's methods by name. Throws when there is no such service; `name` is with its package. */
  service(name: string): ServiceDefinition {
    const methods = this.root.lookupService(name).methodsArray;
    return Object.fromEntries(methods.map((method) => [method.name, this.methodOf(name, method)]));
  }

  /** `path` is `package.Service/Method`. Throws when there is no such method. */
  method(path: string): MethodDefinition<object, object> {
    const known = this.methods.get(path);
    if (known) return known;
    const [service = '', name = ''] = path.split('/');
    const method = this.root.lookupService(service).methods[name];
    if (!method) throw new Error(`the protocol has no ${path}`);
    const definition = this.methodOf(service, method);
    this.methods.set(path, definition);
    return definition;
  }

  private methodOf(service: string, method: protobuf.Method): MethodDefinition<object, object> {
    const { name, requestStream = false, responseStream = false, resolvedRequestType, resolvedResponseType } = method;
    if (!resolvedRequestType || !resolvedResponseType) throw new Error(`${service}/${name} has an unknown message`);
    const request = this.codecOf(resolvedRequestType);
    const response = this.codecOf(resolvedResponseType);
    return {
      path: `/${service}/${name}`,
      requestStream,
      responseStream,
      requestSerialize: request.serialize,
      requestDeserialize: request.deserialize,
      responseSerialize: response.serialize,
      responseDeserialize: response.deserialize,
    };
  }

  private codecOf(type: protobuf.Type): Codec {
    return {
      // In Node its writer makes Buffers.
      serialize: (message) => type.encode(type.fromObject(message)).finish() as Buffer,
      deserialize: (bytes) => type.toObject(type.decode(bytes), this.form),
    };
  }
}
