import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

export interface DocumentFields {
  readonly bytes: Buffer;
  readonly contentType: string;
  /** Quoted; changes whenever the bytes do. */
  readonly etag: string;
}

/** A document that describes the API, made before it is asked for. It is sent to many, and so compressed but once. */
export class Document implements DocumentFields {
  readonly bytes: Buffer;
  readonly contentType: string;
  readonly etag: string;
  private gzipped: Promise<Buffer> | undefined;

  constructor({ bytes, contentType, etag }: DocumentFields) {
    this.bytes = bytes;
    this.contentType = contentType;
    this.etag = etag;
  }

  compressed(): Promise<Buffer> {
    this.gzipped ??= promisify(gzip)(this.bytes);
    return this.gzipped;
  }
}
