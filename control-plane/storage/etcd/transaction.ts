/** Guarded writes as etcd transactions: one alone, several nested in one, each with its own guard. */
import type { ICompare, IRequestOp, ITxnRequest, ITxnResponse } from 'etcd3';
import type { Entry, Write, WriteResult } from '../port.ts';

export interface LeasedWrite extends Write {
  /** The lease that the key is attached to. */
  readonly lease?: string;
  readonly size: number;
}

export function transactionOf(writes: readonly LeasedWrite[]): ITxnRequest {
  const [first] = writes;
  if (writes.length === 1 && first) return guarded(first);
  return { compare: [], success: writes.map((write) => ({ request_txn: guarded(write) })), failure: [] };
}

/** Results in the order of the writes. A nested answer has no revision of its own: all share that of the outer one. */
export function resultsOf(writes: readonly LeasedWrite[], response: ITxnResponse): WriteResult[] {
  const revision = Number(response.header.revision);
  if (writes.length === 1) return [resultOf(response, revision)];
  return response.responses.map(({ response_txn: inner }) => resultOf(inner, revision));
}

function guarded({ key, value, expected, absent, lease }: LeasedWrite): ITxnRequest {
  const raw = Buffer.from(key);
  const compare: ICompare[] = [{ key: raw, target: 'Mod', result: 'Equal', mod_revision: expected }];
  if (absent !== undefined) {
    compare.push({ key: Buffer.from(absent), target: 'Version', result: 'Equal', version: 0 });
  }
  const change: IRequestOp =
    value === null
      ? { request_delete_range: { key: raw } }
      : { request_put: { key: raw, value, ...(lease === undefined ? {} : { lease }) } };
  return {
    compare,
    success: [change],
    failure: [{ request_range: { key: raw } }],
  };
}

function resultOf(response: ITxnResponse, revision: number): WriteResult {
  if (response.succeeded) return { ok: true, revision };
  const [found] = response.responses[0]?.response_range.kvs ?? [];
  return { ok: false, current: found && entryOf(found) };
}

export function entryOf(found: { key: Buffer; value: Buffer; mod_revision: string }): Entry {
  return { key: found.key.toString(), value: found.value, revision: Number(found.mod_revision) };
}
