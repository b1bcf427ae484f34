/** The resourceVersion of stored JSON, put in without parsing or printing the object again. */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const METADATA = Buffer.from('"metadata"');

export interface VersionedJson {
  readonly bytes: Buffer;
  /** Where the digits of the resourceVersion begin. */
  readonly versionAt: number;
}

/** The object with `resourceVersion` as the first member of its metadata; undefined when it has no metadata object. */
export function insertVersion(json: Buffer, revision: number): VersionedJson | undefined {
  const open = metadataStart(json);
  if (open < 0) return undefined;
  const isEmpty = json[skipSpace(json, open)] === CLOSE;
  const head = '"resourceVersion":"';
  const member = Buffer.from(`${head}${revision}"${isEmpty ? '' : ','}`);
  return {
    bytes: Buffer.concat([json.subarray(0, open), member, json.subarray(open)]),
    versionAt: open + head.length,
  };
}

/** The same object at another revision. */
export function replaceVersion({ bytes, versionAt }: VersionedJson, revision: number): VersionedJson {
  const end = bytes.indexOf(QUOTE, versionAt);
  const digits = Buffer.from(String(revision));
  return { bytes: Buffer.concat([bytes.subarray(0, versionAt), digits, bytes.subarray(end)]), versionAt };
}

/** The offset just after the brace that opens the top-level `metadata`, or -1. */
function metadataStart(json: Buffer): number {
  let depth = 0;
  for (let at = 0; at < json.length; at++) {
    const byte = json[at];
    if (byte === OPEN || byte === OPEN_LIST) depth++;
    else if (byte === CLOSE || byte === CLOSE_LIST) depth--;
    else if (byte === QUOTE) {
      const end = stringEnd(json, at);
      if (depth === 1) {
        const open = memberObject(json, at, end);
        if (open >= 0) return open;
      }
      at = end;
    }
  }
  return -1;
}

/** When the string from `start` to `end` is the key "metadata" of an object: the offset after that object's brace. */
function memberObject(json: Buffer, start: number, end: number): number {
  if (end - start + 1 !== METADATA.length || json.compare(METADATA, 0, METADATA.length, start, end + 1) !== 0)
    return -1;
  const colon = skipSpace(json, end + 1);
  if (json[colon] !== COLON) return -1;
  const open = skipSpace(json, colon + 1);
  return json[open] === OPEN ? open + 1 : -1;
}

/** The offset of the quote that closes the string opened at `start`. */
function stringEnd(json: Buffer, start: number): number {
  for (let at = start + 1; at < json.length; at++) {
    if (json[at] === BACKSLASH) at++;
    else if (json[at] === QUOTE) return at;
  }
  return json.length;
}

function skipSpace(json: Buffer, from: number): number {
  let at = from;
  while (at < json.length && (json[at] ?? 0) <= 0x20) at++;
  return at;
}
