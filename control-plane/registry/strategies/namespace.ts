/** Namespaces: being deleted, they stay until their content is gone, held by the finalizers of their spec. */
import { defaultNamespace } from '../../../api/defaults/other.ts';
import { checkDnsLabel } from '../../../api/machinery/names.ts';
import type { Namespace } from '../../../api/types/core.v1.ts';
import {
  validateNamespace,
  validateNamespaceFinalizers,
  validateNamespaceStatus,
} from '../../../api/validation/cluster.ts';
import type { Strategy } from '../strategy.ts';

const CONTENT_FINALIZER = 'kubernetes';

export const namespaceStrategy: Strategy<Namespace> = {
  checkName: checkDnsLabel,
  applyDefaults: defaultNamespace,
  prepareForCreate(namespace) {
    const others = (namespace.spec.finalizers ?? []).filter((finalizer) => finalizer !== CONTENT_FINALIZER);
    namespace.spec.finalizers = [...others, CONTENT_FINALIZER];
    namespace.status = { phase: 'Active' };
  },
  /** The spec is its finalizers, and those are changed through the finalize subresource. */
  prepareForUpdate(next, previous) {
    next.spec = previous.spec;
  },
  validate: validateNamespace,
  validateStatusUpdate: validateNamespaceStatus,
  parts: {
    finalize: {
      fields: ['metadata', 'spec'],
      prepare(next, previous) {
        next.status = previous.status;
      },
      validate: validateNamespaceFinalizers,
    },
  },
  isHeld: ({ spec }) => (spec.finalizers?.length ?? 0) > 0,
  markDeleting(namespace) {
    namespace.status = { ...namespace.status, phase: 'Terminating' };
  },
};
