/** Values of the API to the bytes that clients ask for. */
import { formatYaml } from '../../api/machinery/yaml-text.ts';
import type { Protobuf } from '../../api/schema/protobuf/protobuf.ts';
import type { Encoding } from './negotiate.ts';

export const STATUS_TYPE = 'io.k8s.apimachinery.pkg.apis.meta.v1.Status';

/** `typeName` in the schema table says how the value is written as a message. */
export function encodeAs(encoding: Encoding, protobuf: Protobuf, typeName: string, value: object): Buffer {
  switch (encoding) {
    case 'json':
      return Buffer.from(JSON.stringify(value));
    case 'yaml':
      return Buffer.from(formatYaml(value));
    case 'protobuf':
      return protobuf.encode(typeName, value);
  }
}
