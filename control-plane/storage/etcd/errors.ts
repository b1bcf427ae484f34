/** What etcd and gRPC say, in the words of the port. */
import {
  CompactedError,
  FutureRevisionError,
  StoreFullError,
  StoreLimitError,
  UnavailableError,
  UnknownOutcomeError,
} from '../port.ts';

/** Nothing was sent, or etcd says that it did not take the request in. */
const NOT_DONE = [
  /No connection established/,
  /ECONNREFUSED/,
  /Name resolution failed/,
  /etcdserver: too many requests/,
  /etcdserver: no leader/,
  /raft proposal dropped/,
  // The time was up before there was a connection.
  /Waiting for LB pick/,
  /waiting for name resolution/,
  /but the client was already closed/,
];

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The requested lease is gone, and so the transaction that named it was not carried out. */
export function isLeaseGone(error: unknown): boolean {
  return textOf(error).includes('requested lease not found');
}

/** The member that was called gave no answer, or said that it can't for now: another may. */
export function isMemberAway(error: unknown): boolean {
  return /UNAVAILABLE|DEADLINE_EXCEEDED/.test(textOf(error));
}

/**
 * `asked` is the revision of the request, from which the bounds that etcd does not tell are guessed; `trouble` what the
 * member is known to suffer from, which says more than that nobody listens.
 */
export function readError(error: unknown, asked = 0, trouble?: string): Error {
  const text = textOf(error);
  if (text.includes('required revision has been compacted')) return new CompactedError(asked + 1);
  if (text.includes('required revision is a future revision')) return new FutureRevisionError(asked - 1);
  return new UnavailableError(`etcd did not answer: ${trouble ?? text}`, { cause: error });
}

export function writeError(error: unknown, trouble?: string): Error {
  const text = textOf(error);
  if (text.includes('database space exceeded')) {
    return new StoreFullError(
      'etcd has no room left: free disk space or raise its quota, then compact and defragment',
      {
        cause: error,
      },
    );
  }
  if (text.includes('request is too large'))
    return new StoreLimitError('the write is larger than etcd takes', { cause: error });
  if (NOT_DONE.some((pattern) => pattern.test(text)))
    return new UnavailableError(`etcd can't be reached: ${trouble ?? text}`, { cause: error });
  return new UnknownOutcomeError(`etcd did not confirm the write: ${trouble ?? text}`, { cause: error });
}
