/** What the tests run on their clusters: the greeting service, and clients that call it without a pause. */
import { IMAGES } from '../../cli/local/images.ts';

export const HELLO = 'hello';
export const GREETING_PATH = '/cgi-bin/index.cgi';
const GREETING_PORT = 8080;

/** Only as typed as the tests need it. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: 'Pod' | 'Service' | 'Deployment';
  readonly metadata: { readonly name: string; readonly labels?: Record<string, string> };
  readonly spec: object;
}

export interface HelloOptions {
  replicas: number;
  /** Of the whole Deployment; Kubernetes' own when absent. */
  strategy?: object;
  image?: string;
  /** The pod goes on serving for so long after it was told to stop. */
  drainSeconds?: number;
  /** Parts of the pod's spec. */
  pod?: object;
}

/** A Deployment of the greeting server, a Service of the same name and a headless one, `hello-each`. */
export function helloManifests({ replicas, strategy, image, drainSeconds, pod }: HelloOptions): Manifest[] {
  const labels = { app: HELLO };
  const container = {
    name: HELLO,
    image: image ?? IMAGES.hello,
    ports: [{ name: 'http', containerPort: GREETING_PORT }],
    readinessProbe: { httpGet: { path: '/healthz', port: 'http' }, periodSeconds: 1 },
    resources: { requests: { cpu: '10m', memory: '16Mi' } },
    ...(drainSeconds === undefined ? {} : { env: [{ name: 'DRAIN_SECONDS', value: String(drainSeconds) }] }),
  };
  const template = {
    metadata: { labels },
    spec: { terminationGracePeriodSeconds: 5, containers: [container], ...pod },
  };
  return [
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: HELLO, labels },
      spec: { replicas, selector: { matchLabels: labels }, template, ...(strategy ? { strategy } : {}) },
    },
    service(HELLO, { selector: labels, ports: [{ name: 'http', port: 80, targetPort: 'http' }] }),
    service(`${HELLO}-each`, { clusterIP: 'None', selector: labels, ports: [{ name: 'http', port: 80 }] }),
  ];
}

function service(name: string, spec: object): Manifest {
  return { apiVersion: 'v1', kind: 'Service', metadata: { name }, spec };
}

/**
 * Each of `workers` loops asks the service by name and says on a line of its log how that went: `ok` and the answer, or
 * `failed` and why. A request is given up after a second (by `timeout`: busybox's own option -T crashes in Debian 12).
 */
export function clientPod(name: string, nodeName: string, workers = 4, pauseSeconds = 0.05): Manifest {
  const script = `
ask() {
  if answer=$(timeout 1 wget -q -O - http://${HELLO}${GREETING_PATH} 2>&1); then echo "ok $answer"
  else echo "failed $(echo $answer)"; fi
}
worker() { while :; do ask; sleep ${pauseSeconds}; done; }
trap 'kill $(jobs -p); exit 0' TERM
for each in $(seq ${workers}); do worker & done
wait`;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { app: 'client' } },
    spec: {
      nodeName,
      terminationGracePeriodSeconds: 1,
      containers: [{ name: 'client', image: IMAGES.busybox, command: ['sh', '-c', script] }],
    },
  };
}

/** One request of a client pod, as its log tells it. */
export interface Request {
  /** When it was over; milliseconds since 1970. */
  readonly at: number;
  readonly ok: boolean;
  /** The answer, or why there was none. */
  readonly text: string;
}

/** The requests in a log that was read with timestamps. */
export function requestsIn(log: string): Request[] {
  return log
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [time = '', verdict, ...words] = line.split(' ');
      return { at: Date.parse(time), ok: verdict === 'ok', text: words.join(' ') };
    });
}
