/** How further servers come in: what they are given, and how their etcd becomes a member. */
import { join } from 'node:path';
import { StatusError, badRequest, serviceUnavailable } from '../../api/errors.ts';
import type { Clock } from '../../lib/clock.ts';
import { readIfPresent } from '../../lib/files.ts';
import type { ServerJoinAnswer, ServerJoinMessage } from '../../lib/join.ts';
import type { ServerFlags } from '../flags.ts';
import { AdmissionRefusedError, admitMember } from '../storage/admit-member.ts';
import { type EtcdCluster, EtcdRefusedError, type StoreMember } from '../storage/etcd-cluster.ts';
import { IdleLearners } from '../storage/idle-learners.ts';
import { ENCRYPTION_FILE } from './encryption.ts';

/** What all servers share, below the data directory. */
export const SHARED_FILES = [
  'pki/ca.key',
  'pki/ca.crt',
  'pki/front-proxy-ca.key',
  'pki/front-proxy-ca.crt',
  'pki/sa.key',
  'store-pki/ca.key',
  'store-pki/ca.crt',
  ENCRYPTION_FILE,
];

/** The flags that all servers must agree on. */
export function sharedSettings(flags: ServerFlags): Record<string, unknown> {
  const { clusterCidr, nodeCidrSize, serviceCidr, clusterDns, clusterDomain, port, agentPort } = flags;
  // By the first three one server tells agents for how long they may run what another, the leader, gives away.
  const { nodeTimeout, agentRestartTimeout, fence } = flags;
  return {
    nodeTimeout,
    agentRestartTimeout,
    fence,
    clusterCidr,
    nodeCidrSize,
    serviceCidr,
    clusterDns,
    clusterDomain,
    port,
    agentPort,
  };
}

export interface ServerJoinsOptions {
  flags: ServerFlags;
  /** Absent when etcd is run by others. */
  etcd: EtcdCluster | undefined;
  /** Whether a server of that name works now. */
  isLive: (name: string) => boolean;
  clock: Clock;
}

export class ServerJoins {
  private readonly options: ServerJoinsOptions;
  private readonly learners: IdleLearners;

  constructor(options: ServerJoinsOptions) {
    this.options = options;
    this.learners = new IdleLearners({ clock: options.clock });
  }

  /**
   * Throws a StatusError: BadRequest when the flags differ, Conflict when the name is taken, ServiceUnavailable when it can
   * be tried again.
   */
  async admit({ name, peerUrl, settings }: ServerJoinMessage): Promise<ServerJoinAnswer> {
    const { flags } = this.options;
    this.checkSettings(settings);
    const members = await this.membersWith(name, peerUrl);
    const entries = await Promise.all(
      SHARED_FILES.map(async (file) => [file, await readIfPresent(join(flags.dataDir, file))] as const),
    );
    const files = Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== undefined));
    return { files, members };
  }

  private checkSettings(theirs: ServerJoinMessage['settings']): void {
    for (const [setting, ours] of Object.entries(sharedSettings(this.options.flags))) {
      if (!(setting in theirs) || theirs[setting] === ours) continue;
      const flag = setting.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
      throw badRequest(`--${flag} ${String(theirs[setting])}: the other servers have ${String(ours)}`);
    }
  }

  private async membersWith(name: string, peerUrl: string | undefined): Promise<ServerJoinAnswer['members']> {
    const { etcd, isLive } = this.options;
    if ((etcd === undefined) !== (peerUrl === undefined)) {
      const message = 'either all servers start etcd members of their own, or all are given the same --etcd-servers';
      throw new StatusError({ code: 409, reason: 'Conflict', message });
    }
    if (etcd === undefined || peerUrl === undefined) return [];
    try {
      const { learners } = this;
      const rules = {
        isLive,
        isGivenUp: (member: StoreMember) => learners.isGivenUp(member),
        look: (members: readonly StoreMember[]) => learners.look(members),
      };
      const members = await admitMember(etcd, { name, peerUrl }, rules);
      return members.map((member) => ({
        name: member.name,
        peerUrl: member.peerUrls[0] ?? '',
        clientUrls: member.clientUrls,
      }));
    } catch (error) {
      if (error instanceof AdmissionRefusedError) {
        throw new StatusError({ code: 409, reason: 'Conflict', message: error.message }, { cause: error });
      }
      if (error instanceof EtcdRefusedError) throw serviceUnavailable(`etcd takes no new member now: ${error.message}`);
      throw error;
    }
  }
}
