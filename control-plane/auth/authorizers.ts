/** The authorizers of a server, in the order in which they are asked. */
import { masters, type Authorizer } from './authorizer.ts';
import { NodeAuthorizer, type NodeAuthorizerSources } from './node/node.ts';
import { RbacAuthorizer } from './rbac/rbac.ts';
import { RuleResolver } from './rbac/resolver.ts';

export function authorizersOf(resources: NodeAuthorizerSources): readonly Authorizer[] {
  // Administrators first: they must get in when roles are broken. What most often decides comes last, and is asked of all.
  return [masters, new NodeAuthorizer(resources), new RbacAuthorizer({ resolver: new RuleResolver(resources) })];
}
