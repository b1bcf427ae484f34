/**
 * The membership of an etcd cluster, over etcd's JSON gateway: what the store's client has no calls for. A member joins as
 * a learner, which counts for no majority until it has caught up and is promoted.
 */
import https from 'node:https';
import { readBody } from '../../lib/body.ts';
import type { MemberTls } from './member-arguments.ts';
import { readFileSync } from 'node:fs';

const DEADLINE_MILLISECONDS = 5_000;
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
  readonly tls: MemberTls;
}

interface WireMember {
  readonly ID: string;
  readonly name?: string;
  readonly peerURLs?: string[];
  readonly clientURLs?: string[];
  readonly isLearner?: boolean;
}

export class EtcdCluster {
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

  private post(url: string, body: string): Promise<unknown> {
    const { ca, cert, key } = this.options.tls;
    const tls = { ca: readFileSync(ca), cert: readFileSync(cert), key: readFileSync(key), agent: false };
    const signal = AbortSignal.timeout(DEADLINE_MILLISECONDS);
    return new Promise((resolve, reject) => {
      const request = https.request(url, { ...tls, method: 'POST', signal }, (response) => {
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
