/** A TCP connection that is read to its end whatever becomes of what is written to it. */
import { Socket } from 'node:net';

type Done = (error?: Error | null) => void;

/**
 * The runtime closes its connection when a command has ended. What is typed after that is answered with a reset, and the
 * next write fails; an ordinary socket is destroyed by that, with the last words of the command still unread in the kernel.
 * Here a write that fails is no error: there is nobody left to take it, and reading says when everything has been read.
 */
export class LastingSocket extends Socket {
  override _write(chunk: unknown, encoding: BufferEncoding, done: Done): void {
    super._write(chunk, encoding, () => done());
  }

  override _writev(chunks: { chunk: unknown; encoding: BufferEncoding }[], done: Done): void {
    super._writev?.(chunks, () => done());
  }
}
