/** Authorization by roles (rbac.authorization.k8s.io): what no rule allows is not allowed. */
import type { Attributes } from '../attributes.ts';
import { NO_OPINION, type Authorizer, type Decision, type KnownRules } from '../authorizer.ts';
import type { User } from '../../user.ts';
import { ruleAllows } from './matching.ts';
import { describeBinding, type RuleResolver } from './resolver.ts';

export class RbacAuthorizer implements Authorizer {
  private readonly resolver: RuleResolver;

  constructor(options: { readonly resolver: RuleResolver }) {
    this.resolver = options.resolver;
  }

  authorize(user: User, attributes: Attributes): Decision {
    let decision: Decision | undefined;
    const errors = this.resolver.visit(user, attributes.resource?.namespace ?? '', (rule, binding, key) => {
      if (!ruleAllows(rule, attributes)) return true;
      decision = {
        verdict: 'allow',
        // Only access reviews ask for it.
        get reason() {
          return `RBAC: allowed by ${describeBinding(binding, key)}`;
        },
      };
      return false;
    });
    if (decision) return decision;
    return errors.length === 0 ? NO_OPINION : { verdict: 'none', reason: `RBAC: ${aggregate(errors)}` };
  }

  rulesFor(user: User, namespace: string): KnownRules {
    return { ...this.resolver.rulesFor(user, namespace), incomplete: false };
  }
}

function aggregate(errors: readonly string[]): string {
  const different = [...new Set(errors)];
  return different.length === 1 ? (different[0] ?? '') : `[${different.join(', ')}]`;
}
