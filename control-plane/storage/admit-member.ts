/** How a server's etcd becomes a member: what to do is decided from the members that there are, then done. */
import type { EtcdCluster, StoreMember } from './etcd-cluster.ts';

export interface MemberCandidate {
  readonly name: string;
  readonly peerUrl: string;
}

export type Admission =
  | { readonly action: 'add' }
  /** It was added before and never started. */
  | { readonly action: 'resume' }
  /** It was a member and has lost its data, so it can't go on as that member; or it takes the place of one that never came. */
  | { readonly action: 'replace'; readonly id: string }
  | { readonly action: 'refuse'; readonly why: string };

export interface AdmissionRules {
  /** Whether a server of that name works now: nobody takes the place of one that does. */
  readonly isLive: (name: string) => boolean;
  /** Whether a learner has had its time to start and did not: it would keep all others out for ever. */
  readonly isGivenUp: (member: StoreMember) => boolean;
}

export function planAdmission(
  members: readonly StoreMember[],
  { name, peerUrl }: MemberCandidate,
  { isLive, isGivenUp }: AdmissionRules,
): Admission {
  const same = members.find((member) => member.name === name || member.peerUrls.includes(peerUrl));
  const idle = members.find((member) => member.isLearner && member.name === '' && isGivenUp(member));
  if (!same) return idle ? { action: 'replace', id: idle.id } : { action: 'add' };
  if (same.name === '') return { action: 'resume' };
  if (isLive(same.name)) return { action: 'refuse', why: `server "${same.name}" is a member already, and it lives` };
  return { action: 'replace', id: same.id };
}

export class AdmissionRefusedError extends Error {
  override readonly name = 'AdmissionRefusedError';
}

/**
 * Makes room for the candidate and resolves with all members, the candidate's among them. Rejects with an
 * AdmissionRefusedError, or with an EtcdRefusedError while another one is being added.
 */
export async function admitMember(
  cluster: EtcdCluster,
  candidate: MemberCandidate,
  rules: AdmissionRules & { look(members: readonly StoreMember[]): void },
): Promise<StoreMember[]> {
  const members = await cluster.list();
  rules.look(members);
  const admission = planAdmission(members, candidate, rules);
  if (admission.action === 'refuse') throw new AdmissionRefusedError(admission.why);
  if (admission.action === 'replace') await cluster.remove(admission.id);
  if (admission.action !== 'resume') await cluster.addLearner(candidate.peerUrl);
  return cluster.list();
}
