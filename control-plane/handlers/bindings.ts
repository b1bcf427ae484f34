/** POST of a binding to its namespace: the older way to give a pod its node. */
import { kind, kinds } from '../../api/kinds.ts';
import type { Binding } from '../../api/types/core.v1.ts';
import type { Status } from '../../api/types/meta.v1.ts';
import { bindPod } from '../registry/binding.ts';
import { STATUS_TYPE } from '../http/answer-encoder.ts';
import { answered, type AnsweredKind } from './answered.ts';
import type { HandlerOptions } from './port.ts';
import { parseWriteOptions } from './write-options.ts';

export function bindings({ resources, clock }: Pick<HandlerOptions, 'resources' | 'clock'>): AnsweredKind {
  return answered<Binding>({
    kind: kind<Binding>({
      kind: 'Binding',
      plural: 'bindings',
      verbs: ['create'],
      schema: 'io.k8s.api.core.v1.Binding',
    }),
    answerType: STATUS_TYPE,
    async answer(binding, exchange) {
      const { dryRun } = parseWriteOptions(exchange, 'CreateOptions');
      await bindPod(resources.of(kinds.pods), binding, clock.date(), { dryRun });
      const status: Status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 };
      return status;
    },
  });
}
