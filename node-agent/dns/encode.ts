/** Records of the cluster's zone as the body of an answer. */
import { HEADER_BYTES, type Reply, TYPE } from './wire.ts';

export type ZoneRecord = { name: string; ttl: number } & (
  | { type: 'A'; address: string }
  | { type: 'CNAME' | 'PTR' | 'NS'; target: string }
  | { type: 'SRV'; port: number; weight: number; target: string }
  | { type: 'TXT'; text: string }
  | { type: 'SOA'; primary: string; mailbox: string; serial: number; minimum: number }
);

export interface ZoneAnswer {
  rcode: number;
  answers: readonly ZoneRecord[];
  authorities: readonly ZoneRecord[];
  additionals: readonly ZoneRecord[];
}

/** Encodes an answer to the question about `question`. Names that end as the question does point into it. */
export function encodeReply(question: string, { rcode, answers, authorities, additionals }: ZoneAnswer): Reply {
  const parts: Buffer[] = [];
  const ends: number[] = [];
  let length = 0;
  for (const record of [...answers, ...authorities, ...additionals]) {
    const bytes = encodeRecord(record, question);
    parts.push(bytes);
    length += bytes.length;
    if (ends.length < answers.length) ends.push(length);
  }
  return {
    rcode,
    authoritative: true,
    body: Buffer.concat(parts),
    counts: { answers: answers.length, authorities: authorities.length, additionals: additionals.length },
    ends,
    rotates: answers.every(({ name, type }) => name === question && type === 'A'),
  };
}

function encodeRecord(record: ZoneRecord, question: string): Buffer {
  const data = encodeData(record, question);
  const fixed = Buffer.allocUnsafe(10);
  fixed.writeUInt16BE(TYPE[record.type], 0);
  fixed.writeUInt16BE(1, 2);
  fixed.writeUInt32BE(record.ttl, 4);
  fixed.writeUInt16BE(data.length, 8);
  return Buffer.concat([encodeName(record.name, question), fixed, data]);
}

function encodeData(record: ZoneRecord, question: string): Buffer {
  switch (record.type) {
    case 'A':
      return Buffer.from(record.address.split('.').map(Number));
    case 'CNAME':
    case 'PTR':
    case 'NS':
      return encodeName(record.target, question);
    case 'SRV':
      // RFC 2782: the target is not compressed.
      return Buffer.concat([uint16(0, record.weight, record.port), encodeName(record.target, '')]);
    case 'TXT':
      return Buffer.concat([Buffer.from([record.text.length]), Buffer.from(record.text, 'latin1')]);
    case 'SOA': {
      const times = Buffer.allocUnsafe(20);
      const values = [record.serial, 7200, 1800, 86_400, record.minimum];
      values.forEach((value, index) => times.writeUInt32BE(value >>> 0, index * 4));
      return Buffer.concat([encodeName(record.primary, question), encodeName(record.mailbox, question), times]);
    }
  }
}

/** `name` in wire form, with a pointer where it ends as `question` does. */
export function encodeName(name: string, question: string): Buffer {
  const parts: Buffer[] = [];
  for (let rest = name; rest !== '';) {
    if (rest === question || question.endsWith(`.${rest}`)) {
      parts.push(uint16(0xc000 | (HEADER_BYTES + question.length - rest.length)));
      return Buffer.concat(parts);
    }
    const dot = rest.indexOf('.');
    const label = dot < 0 ? rest : rest.slice(0, dot);
    parts.push(Buffer.from([label.length]), Buffer.from(label, 'latin1'));
    rest = dot < 0 ? '' : rest.slice(dot + 1);
  }
  return Buffer.concat([...parts, Buffer.from([0])]);
}

function uint16(...values: number[]): Buffer {
  const bytes = Buffer.allocUnsafe(values.length * 2);
  values.forEach((value, index) => bytes.writeUInt16BE(value, index * 2));
  return bytes;
}
