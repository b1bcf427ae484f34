/** PriorityLevelConfiguration: how many requests of a kind run at once, and how the others wait. */
import type { FieldError } from '../../errors.ts';
import { sameJson } from '../../machinery/json.ts';
import type {
  LimitedPriorityLevelConfiguration,
  LimitResponse,
  PriorityLevelConfiguration,
  PriorityLevelConfigurationSpec,
  QueuingConfiguration,
} from '../../types/flowcontrol.v1.ts';
import { FieldErrors } from '../field-errors.ts';
import { validateConditions } from './flow-schema.ts';
import { CATCH_ALL_LEVEL } from './mandatory.ts';

const MAX_QUEUES = 10_000_000;
/** What one hash of a flow can tell apart. */
const MAX_HASH_BITS = 60;
const NOT_NEGATIVE = 'must be a non-negative integer';

export function validatePriorityLevel({ metadata, spec, status }: PriorityLevelConfiguration): FieldError[] {
  const errors = new FieldErrors();
  const { name = '' } = metadata;
  if ((name === 'exempt') !== (spec.type === 'Exempt')) {
    errors.invalid('spec.type', spec.type ?? '', "type must be 'Exempt' if and only if name is 'exempt'");
  }
  validateSpec(errors, spec);
  if (name === 'catch-all' && !sameJson(spec, CATCH_ALL_LEVEL)) {
    errors.invalid('spec', spec, "spec of 'catch-all' must equal the fixed value");
  }
  validateConditions(errors, status.conditions);
  return errors.list;
}

function validateSpec(errors: FieldErrors, { type, exempt, limited }: PriorityLevelConfigurationSpec): void {
  if (type === 'Exempt') {
    if (limited) errors.forbidden('spec.limited', 'must be nil if the type is not Limited');
    validateShares(errors, exempt ?? {}, 'spec.exempt');
  } else if (type === 'Limited') {
    if (exempt) errors.forbidden('spec.exempt', 'must be nil if the type is Limited');
    if (!limited) errors.required('spec.limited', 'must not be empty when type is Limited');
    else validateLimited(errors, limited, 'spec.limited');
  } else {
    errors.notSupported('spec.type', type ?? '', ['Exempt', 'Limited']);
  }
}

function validateShares(
  errors: FieldErrors,
  {
    nominalConcurrencyShares: shares,
    lendablePercent: percent,
  }: { nominalConcurrencyShares?: number; lendablePercent?: number },
  path: string,
): void {
  if (shares !== undefined && shares < 0) errors.invalid(`${path}.nominalConcurrencyShares`, shares, NOT_NEGATIVE);
  if (percent !== undefined && (percent < 0 || percent > 100)) {
    errors.invalid(`${path}.lendablePercent`, percent, 'must be between 0 and 100, inclusive');
  }
}

function validateLimited(errors: FieldErrors, limited: LimitedPriorityLevelConfiguration, path: string): void {
  validateShares(errors, limited, path);
  const { borrowingLimitPercent: most } = limited;
  if (most !== undefined && most < 0) {
    errors.invalid(`${path}.borrowingLimitPercent`, most, `if specified, ${NOT_NEGATIVE}`);
  }
  validateResponse(errors, limited.limitResponse ?? { type: '' }, `${path}.limitResponse`);
}

function validateResponse(errors: FieldErrors, { type, queuing }: LimitResponse, path: string): void {
  const at = `${path}.queuing`;
  if (type === 'Reject') {
    if (queuing) errors.forbidden(at, 'must be nil if limited.limitResponse.type is not Limited');
  } else if (type === 'Queue') {
    if (!queuing) errors.required(at, 'must not be empty if limited.limitResponse.type is Limited');
    else validateQueuing(errors, queuing, at);
  } else {
    errors.notSupported(`${path}.type`, type ?? '', ['Queue', 'Reject']);
  }
}

function validateQueuing(errors: FieldErrors, queuing: QueuingConfiguration, path: string): void {
  const { queues, handSize, queueLengthLimit } = queuing;
  if (queueLengthLimit <= 0) errors.invalid(`${path}.queueLengthLimit`, queueLengthLimit, 'must be positive');
  if (queues <= 0) errors.invalid(`${path}.queues`, queues, 'must be positive');
  else if (queues > MAX_QUEUES) errors.invalid(`${path}.queues`, queues, `must not be greater than ${MAX_QUEUES}`);
  const at = `${path}.handSize`;
  if (handSize <= 0) errors.invalid(at, handSize, 'must be positive');
  else if (handSize > queues) errors.invalid(at, handSize, `should not be greater than queues (${queues})`);
  else if (Math.ceil(Math.log2(queues) * handSize) > MAX_HASH_BITS) {
    const detail = `required entropy bits of deckSize ${queues} and handSize ${handSize} should not be greater than ${MAX_HASH_BITS}`;
    errors.invalid(at, handSize, detail);
  }
}
