/** Which objects the arguments of a verb mean. */
import { CommandError } from './errors.ts';
import { collectionPath, objectPath, type Resource } from './discovery.ts';
import type { Session } from './session.ts';

/** A whole collection, or one object of it. */
export interface Target {
  readonly resource: Resource;
  /** Absent for what has none, and for all namespaces. */
  readonly namespace?: string;
  readonly name?: string;
}

export type ObjectTarget = Target & { readonly name: string };

export interface TargetOptions {
  readonly allNamespaces?: boolean;
}

const ONE_PER_ARGUMENT =
  'there is no need to specify a resource type as a separate argument when passing arguments in resource/name form ' +
  "(e.g. 'kubectl get resource/<resource_name>' instead of 'kubectl get resource resource/<resource_name>'";

/** `pods`, `pod a b`, `pods,services`, `pod/a service/b`, `all`. Throws CommandError. */
export async function parseTargets(
  args: readonly string[],
  session: Session,
  { allNamespaces = false }: TargetOptions = {},
): Promise<Target[]> {
  const namespace = allNamespaces ? undefined : await session.namespace();
  const targetOf = (resource: Resource, name?: string): Target => ({
    resource,
    ...(resource.namespaced && namespace !== undefined ? { namespace } : {}),
    ...(name === undefined ? {} : { name }),
  });
  if (args.some((arg) => arg.includes('/'))) {
    if (!args.every((arg) => arg.includes('/'))) throw new CommandError(ONE_PER_ARGUMENT);
    return named(await Promise.all(args.map(async (arg) => slashTarget(arg, session, targetOf))), allNamespaces);
  }
  const [types = '', ...names] = args;
  const resources = await resourcesOf(types, session);
  if (names.length === 0) return resources.map((resource) => targetOf(resource));
  return named(
    resources.flatMap((resource) => names.map((name) => targetOf(resource, name))),
    allNamespaces,
  );
}

function named(targets: Target[], allNamespaces: boolean): Target[] {
  if (allNamespaces && targets.some(({ resource }) => resource.namespaced)) {
    throw new CommandError('a resource cannot be retrieved by name across all namespaces');
  }
  return targets;
}

async function slashTarget(
  arg: string,
  session: Session,
  targetOf: (resource: Resource, name: string) => Target,
): Promise<Target> {
  const [type = '', name = '', ...more] = arg.split('/');
  if (more.length > 0 || type === '' || name === '') {
    throw new CommandError(`arguments in resource/name form may not have more than one slash`);
  }
  return targetOf(await (await session.discovery()).find(type), name);
}

async function resourcesOf(types: string, session: Session): Promise<Resource[]> {
  const discovery = await session.discovery();
  const found: Resource[] = [];
  for (const type of types.split(',')) {
    const members = await discovery.category(type);
    const added = members.length > 0 ? members : [await discovery.find(type)];
    found.push(...added.filter((resource) => !found.includes(resource)));
  }
  return found;
}

export function pathOf({ resource, namespace, name }: Target): string {
  return name === undefined ? collectionPath(resource, namespace) : objectPath(resource, namespace, name);
}

/** The one object that the arguments mean, as `TYPE NAME`, `TYPE/NAME`, or a bare name of the type `fallback`. */
export async function parseOne(args: readonly string[], session: Session, fallback?: string): Promise<ObjectTarget> {
  const isBare = fallback !== undefined && args.length === 1 && !args[0]?.includes('/');
  const targets = await parseTargets(isBare ? [fallback, args[0] ?? ''] : args, session);
  const [target] = targets;
  if (targets.length !== 1 || target?.name === undefined) throw new CommandError('exactly one object must be named');
  return { ...target, name: target.name };
}
