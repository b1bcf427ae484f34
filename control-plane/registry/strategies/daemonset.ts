/** DaemonSets, which count the changes of their template in an annotation. */
import { defaultDaemonSet } from '../../../api/defaults/workloads.ts';
import { sameJson } from '../../../api/machinery/json.ts';
import { checkDnsSubdomain } from '../../../api/machinery/names.ts';
import type { DaemonSet } from '../../../api/types/apps.v1.ts';
import {
  validateDaemonSet,
  validateDaemonSetStatus,
  validateDaemonSetUpdate,
} from '../../../api/validation/apps/daemonset.ts';
import type { Strategy } from '../strategy.ts';

/** A field of the API's older versions, which clients of the present one see here. */
const TEMPLATE_GENERATION = 'deprecated.daemonset.template.generation';

export const daemonSetStrategy: Strategy<DaemonSet> = {
  checkName: checkDnsSubdomain,
  applyDefaults: defaultDaemonSet,
  generation: true,
  prepareForCreate(daemonSet) {
    daemonSet.status = {
      currentNumberScheduled: 0,
      numberMisscheduled: 0,
      desiredNumberScheduled: 0,
      numberReady: 0,
    };
    setTemplateGeneration(daemonSet, Math.max(1, templateGeneration(daemonSet)));
  },
  prepareForUpdate(next, previous) {
    const before = templateGeneration(previous);
    setTemplateGeneration(next, sameJson(next.spec.template, previous.spec.template) ? before : before + 1);
  },
  validate: validateDaemonSet,
  validateUpdate: validateDaemonSetUpdate,
  validatesUpdateAlone: true,
  validateStatusUpdate: validateDaemonSetStatus,
};

/** 0 when the annotation holds no number. */
function templateGeneration({ metadata }: DaemonSet): number {
  const text = metadata.annotations?.[TEMPLATE_GENERATION] ?? '';
  return /^\d{1,15}$/.test(text) ? Number(text) : 0;
}

function setTemplateGeneration({ metadata }: DaemonSet, generation: number): void {
  metadata.annotations = { ...metadata.annotations, [TEMPLATE_GENERATION]: String(generation) };
}
