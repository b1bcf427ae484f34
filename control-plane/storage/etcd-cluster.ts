/**
 * The membership of an etcd cluster, over etcd's JSON gateway: what the store's client has no calls for. A member joins as
 * a learner, which counts for no majority until it has caught up and is promoted.
 */
import http from 'node:http';
import https from 'node:https';
import { readBody } from '../../lib/body.ts';
import type { MaintainedMembers, MemberSize } from './defragmenter.ts';
import type { MemberTls } from './member-arguments.ts';
import { readFileSync } from 'node:fs';

const DEADLINE_MILLISECONDS = 5_000;
/** Of a few gigabytes, on a slow disk. */
const DEFRAGMENT_MILLISECONDS = 120_000;
const ANSWER_LIMIT_BYTES = 1024 * 1024;

export interface StoreMember {
  readonly id: string;
  /** Empty until it has started for the first time. */
  readonly name: string;
  readonly peerUrls: readonly string[];
  readonly clientUrls: readonly string[];
  readonly isLearner: boolean;
}

/** What etcd said when it refused. */
export class EtcdRefusedError extends Error {
  override readonly name = 'EtcdRefusedError';
}

export interface EtcdClusterOptions {
  /** Client URLs; each call goes to the first that answers. */
  readonly urls: () => readonly string[];
  /** Absent where etcd speaks plain HTTP. */
  readonly tls?: MemberTls;
}

interface WireMember {
  readonly ID: string;
  readonly name?: string;
  readonly peerURLs?: string[];
  readonly clientURLs?: string[];
  readonly isLearner?: boolean;
}

interface WireStatus {
  readonly header: { readonly member_id: string };
  readonly leader: string;
  readonly dbSize: string;
  readonly dbSizeInUse?: string;
}

export class EtcdCluster implements MaintainedMembers {
  private readonly options: EtcdClusterOptions;

  constructor(options: EtcdClusterOptions) {
    this.options = options;
  }

  async list(): Promise<StoreMember[]> {
    const { members = [] } = (await this.call('cluster/member/list', {})) as { members?: WireMember[] };
    return members.map((member) => ({
      id: member.ID,
      name: member.name ?? '',
      peerUrls: member.peerURLs ?? [],
      clientUrls: member.clientURLs ?? [],
      isLearner: member.isLearner ?? false,
    }));
  }

  async addLearner(peerUrl: string): Promise<void> {
    await this.call('cluster/member/add', { peerURLs: [peerUrl], isLearner: true });
  }

  /** Rejects with an EtcdRefusedError until the learner has caught up. */
  async promote(id: string): Promise<void> {
    await this.call('cluster/member/promote', { ID: id });
  }

  async remove(id: string): Promise<void> {
    await this.call('cluster/member/remove', { ID: id });
  }

  async setPeerUrl(id: string, peerUrl: string): Promise<void> {
    await this.call('cluster/member/update', { ID: id, peerURLs: [peerUrl] });
  }

  /** Resolves when the member answers a linearizable read. */
  async read(): Promise<void> {
    await this.call('kv/range', { key: Buffer.from([0]).toString('base64'), count_only: true });
  }

  /** Learners are left out: they are busy enough. */
  async sizes(): Promise<MemberSize[]> {
    const members = (await this.list()).filter(({ isLearner }) => !isLearner);
    return Promise.all(
      members.map(async ({ clientUrls: [url = ''] }) => {
        const status = (await this.post(`${url}/v3/maintenance/status`, '{}')) as WireStatus;
        const { dbSize, dbSizeInUse = dbSize, leader, header } = status;
        return { url, size: Number(dbSize), inUse: Number(dbSizeInUse), isLeader: leader === header.member_id };
      }),
    );
  }

  async defragment(url: string): Promise<void> {
    await this.post(`${url}/v3/maintenance/defragment`, '{}', DEFRAGMENT_MILLISECONDS);
  }

  /** An answer, also a refusal, is an answer: only a URL that gives none is followed by the next. */
  private async call(method: string, body: object): Promise<unknown> {
    let failure: unknown = new Error('no etcd is known');
    for (const url of this.options.urls()) {
      try {
        return await this.post(`${url}/v3/${method}`, JSON.stringify(body));
      } catch (error) {
        if (error instanceof EtcdRefusedError) throw error;
        failure = error;
      }
    }
    throw failure;
  }

  private credentials(): { ca: Buffer; cert: Buffer; key: Buffer } | undefined {
    const { tls } = this.options;
    return tls && { ca: readFileSync(tls.ca), cert: readFileSync(tls.cert), key: readFileSync(tls.key) };
  }

  private post(url: string, body: string, deadline = DEADLINE_MILLISECONDS): Promise<unknown> {
    const signal = AbortSignal.timeout(deadline);
    return new Promise((resolve, reject) => {
      const { request: open } = url.startsWith('https:') ? https : http;
      const request = open(url, { ...this.credentials(), agent: false, method: 'POST', signal }, (response) => {
        readBody(response, ANSWER_LIMIT_BYTES)
          .then((bytes) => {
            const text = bytes.toString();
            if (response.statusCode === 200) resolve(JSON.parse(text));
            else reject(new EtcdRefusedError(reasonIn(text)));
          })
          .catch((error: unknown) => reject(new Error(`${url}: ${(error as Error).message}`, { cause: error })));
      });
      request.on('error', reject);
      request.end(body);
    });
  }
}

function reasonIn(text: string): string {
  try {
    const { error, message } = JSON.parse(text) as { error?: string; message?: string };
    return error ?? message ?? text;
  } catch {
    // Not from the gateway itself: the words are all there is.
    return text.slice(0, 500);
  }
}
