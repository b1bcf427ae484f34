/** Small manifests for tests. Everything in them can be replaced; what a test is about stands in the test. */
import { IMAGES } from '../../cli/local/images.ts';

/** JSON is YAML: what kubectl reads from a file. */
export function manifest(...objects: object[]): string {
  return objects.map((object) => JSON.stringify(object)).join('\n---\n');
}

interface PodParts {
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  /** Overrides of the spec. */
  spec?: object;
  /** Overrides of the only container. */
  container?: object;
}

/** A pod of one busybox container `c` that runs until it is told to end, and ends at once. */
export function pod(name: string, { labels, annotations, spec, container }: PodParts = {}): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: labels ?? { app: name }, ...(annotations && { annotations }) },
    spec: { terminationGracePeriodSeconds: 1, containers: [busybox('c', SLEEP, container)], ...spec },
  };
}

/** Ends as soon as it is asked to; the first process of a container hears no signals without a trap. */
export const SLEEP = 'trap "exit 0" TERM; sleep infinity & wait';

/** A container that runs a script. */
export function busybox(name: string, script: string, overrides: object = {}): object {
  return { name, image: IMAGES.busybox, command: ['sh', '-c', script], ...overrides };
}

/** A container that answers http requests on port 8080 with its pod's name. */
export function hello(overrides: object = {}): object {
  return {
    name: 'hello',
    image: IMAGES.hello,
    ports: [{ name: 'http', containerPort: 8080 }],
    readinessProbe: { httpGet: { path: '/healthz', port: 'http' }, periodSeconds: 1 },
    ...overrides,
  };
}

interface DeploymentParts {
  replicas?: number;
  /** Overrides of the deployment's spec. */
  spec?: object;
  /** Overrides of the pods' spec. */
  podSpec?: object;
  /** Overrides of the only container. */
  container?: object;
}

export function deployment(name: string, { replicas, spec, podSpec, container }: DeploymentParts = {}): object {
  const labels = { app: name };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, labels },
    spec: {
      replicas: replicas ?? 2,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { terminationGracePeriodSeconds: 1, containers: [hello(container)], ...podSpec },
      },
      ...spec,
    },
  };
}

export function service(name: string, spec: object = {}): object {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, labels: { app: name } },
    spec: { selector: { app: name }, ports: [{ port: 80, targetPort: 8080 }], ...spec },
  };
}

export function configMap(name: string, data: Record<string, string>): object {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data };
}
