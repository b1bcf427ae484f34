/** Events, which pass away by themselves. */
import { defaultCoreEvent, defaultEvent } from '../../../api/defaults/events.ts';
import { checkDnsSubdomain } from '../../../api/machinery/names.ts';
import type { Event as CoreEvent } from '../../../api/types/core.v1.ts';
import type { Event } from '../../../api/types/events.v1.ts';
import { validateCoreEvent, validateEvent, validateEventUpdate } from '../../../api/validation/events.ts';
import type { Strategy } from '../strategy.ts';

/** How long an event is kept. */
export const EVENT_TTL_SECONDS = 3600;

export const coreEventStrategy: Strategy<CoreEvent> = {
  checkName: checkDnsSubdomain,
  createOnUpdate: true,
  ttlSeconds: EVENT_TTL_SECONDS,
  applyDefaults: defaultCoreEvent,
  validate: validateCoreEvent,
};

export const eventStrategy: Strategy<Event> = {
  checkName: checkDnsSubdomain,
  createOnUpdate: true,
  ttlSeconds: EVENT_TTL_SECONDS,
  applyDefaults: defaultEvent,
  validate: validateEvent,
  validateUpdate: validateEventUpdate,
  validatesUpdateAlone: true,
};
