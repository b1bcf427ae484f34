import { badRequest, conflict, invalid } from '../../api/errors.ts';
import type { Binding, Pod, PodCondition } from '../../api/schema/types/core.v1.ts';
import type { Status } from '../../api/schema/types/meta.v1.ts';
import { writeJson } from '../server/respond.ts';
import { checkPreconditions, decodeBody } from './decode-body.ts';
import type { HandlerOptions, ResourceExchange } from './port.ts';
import { parseWriteOptions } from './write-options.ts';

const EXPECTED = { typeName: 'io.k8s.api.core.v1.Binding', apiVersion: 'v1', kind: 'Binding' };

/** POST of a pod's binding: gives it its node, once. */
export async function bind(exchange: ResourceExchange, options: HandlerOptions): Promise<void> {
  const { fieldValidation, dryRun } = parseWriteOptions(exchange, 'CreateOptions');
  const binding = await decodeBody<Binding>(exchange, options, EXPECTED, fieldValidation);
  const { namespace, name } = exchange.target;
  if (binding.metadata.name && binding.metadata.name !== name)
    throw badRequest('name in URL does not match name in Binding object');
  const nodeName = nodeNameOf(binding, name);
  const now = options.clock.date();
  await exchange.resource.rewrite(
    namespace,
    name,
    (current) => {
      checkPreconditions(exchange, current, binding.metadata);
      return bound(exchange, current as Pod, binding, nodeName, now);
    },
    { dryRun },
  );
  const status: Status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 };
  await writeJson(exchange, 201, status);
}

function nodeNameOf(binding: Binding, name: string): string {
  const subject = { group: '', plural: 'bindings', kind: 'Binding' };
  const { kind, name: nodeName } = binding.target;
  if (kind && kind !== 'Node') {
    const message = `Unsupported value: ${JSON.stringify(kind)}: supported values: "Node", "<empty>"`;
    throw invalid(subject, name, [{ type: 'FieldValueNotSupported', field: 'target.kind', message }]);
  }
  if (nodeName) return nodeName;
  throw invalid(subject, name, [{ type: 'FieldValueRequired', field: 'target.name', message: 'Required value' }]);
}

function bound({ resource }: ResourceExchange, pod: Pod, binding: Binding, nodeName: string, now: Date): Pod {
  const name = pod.metadata.name ?? '';
  const refuse = (why: string): Error => conflict({ ...resource.kind, plural: 'pods/binding' }, name, why);
  if (pod.metadata.deletionTimestamp) throw refuse(`pod ${name} is being deleted, cannot be assigned to a host`);
  if (pod.spec.nodeName) throw refuse(`pod ${name} is already assigned to node "${pod.spec.nodeName}"`);
  if (pod.spec.schedulingGates?.length) throw refuse(`pod ${name} has non-empty .spec.schedulingGates`);
  const scheduled: PodCondition = {
    type: 'PodScheduled',
    status: 'True',
    lastTransitionTime: `${now.toISOString().slice(0, 19)}Z`,
  };
  const others = (pod.status?.conditions ?? []).filter(({ type }) => type !== 'PodScheduled');
  const { annotations } = binding.metadata;
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      ...(annotations ? { annotations: { ...pod.metadata.annotations, ...annotations } } : {}),
    },
    spec: { ...pod.spec, nodeName },
    status: { ...pod.status, conditions: [...others, scheduled] },
  };
}
