import type { RoleBinding, Subject } from '../../api/types/rbac.v1.ts';
import { defineCommand } from '../command.ts';
import { CommandError } from '../errors.ts';
import { array } from '../flags.ts';
import { subjectsOf } from '../generators/rights.ts';
import { changeEach, setFlags } from './change.ts';

export const subject = defineCommand({
  summary: 'Add users, groups, or service accounts to a role binding or cluster role binding',
  usage: '(-f FILENAME | TYPE NAME) [--user=username] [--group=groupname] [--serviceaccount=namespace:name]',
  examples: ['dure set subject rolebinding admins --user=jane --group=ops'],
  flags: {
    ...setFlags,
    user: array('Usernames to bind to the role'),
    group: array('Groups to bind to the role'),
    serviceaccount: array('Service accounts to bind to the role, in the format <namespace>:<name>'),
  },
  async run({ args, flags, session }) {
    const { subjects: added } = subjectsOf(flags);
    if (!added) throw new CommandError('you must specify at least one value of user, group or serviceaccount');
    await changeEach<RoleBinding>(args, { flags, session, done: 'subjects updated' }, ({ resource, object }) => {
      if (!resource.kind.endsWith('RoleBinding')) {
        throw new CommandError('setting subjects is only supported for RoleBinding/ClusterRoleBinding');
      }
      const before = object.subjects ?? [];
      const known = new Set(before.map(identityOf));
      const missing = added.filter((each) => !known.has(identityOf(each)));
      return missing.length === 0 ? undefined : { subjects: [...before, ...missing] };
    });
  },
});

function identityOf({ kind, namespace, name }: Subject): string {
  return JSON.stringify([kind, namespace ?? '', name]);
}
