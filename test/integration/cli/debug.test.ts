/** `debug`, by kubectl and by us: the same container in the same pod, the same copy, the same pod on a node. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PodSpec } from '../../../api/types/core.v1.ts';
import { TestServer } from '../../support/api-server.ts';
import { dure } from '../../support/dure.ts';
import { kubectl, type KubectlResult } from '../../support/kubectl.ts';

const POD = `
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: NAMESPACE, labels: {app: web}, annotations: {a: b}}
spec:
  nodeName: n1
  securityContext: {runAsUser: 1000}
  initContainers: [{name: first, image: "busybox:1"}]
  containers:
  - name: web
    image: nginx:1
    args: ["100"]
    securityContext: {readOnlyRootFilesystem: true, capabilities: {add: [SYS_TIME], drop: [KILL]}}
    livenessProbe: {httpGet: {path: /, port: 80}}
    readinessProbe: {httpGet: {path: /, port: 80}}
    startupProbe: {httpGet: {path: /, port: 80}}
  - {name: side, image: "side:1"}
`;
const PROFILES = ['legacy', 'general', 'baseline', 'restricted', 'netadmin', 'sysadmin'];
/** Names that are made up. */
const MADE_UP = /(?<=(?:debugger|node-debugger-n1)-)[a-z0-9]{5}\b/g;

describe('debug, like kubectl', function () {
  this.timeout(60_000);
  let server: TestServer;
  let directory: string;

  before(async () => {
    server = await TestServer.start();
    directory = mkdtempSync(join(tmpdir(), 'dure-debug-'));
    const node = 'apiVersion: v1\nkind: Node\nmetadata: {name: n1}\n';
    const custom = 'env: [{name: A, value: b}]\nsecurityContext: {runAsUser: 0, capabilities: {add: [SYSLOG]}}\n';
    writeFileSync(join(directory, 'custom'), custom);
    writeFileSync(join(directory, 'fixed'), 'image: x\n');
    assert.equal((await kubectl(server.kubeconfig, ['apply', '-f', '-'], node)).code, 0);
  });

  after(async () => {
    await server.stop();
    rmSync(directory, { recursive: true });
  });

  type Call = (args: readonly string[], stdin?: string) => Promise<KubectlResult>;
  const theirs: Call = (args, stdin) => kubectl(server.kubeconfig, args, stdin);
  const ours: Call = (args, stdin) => dure(server.kubeconfig, args, { stdin: stdin ?? '' });

  /** What the call does in a fresh namespace with one pod: what it says, and the pods that are there then. */
  async function effect(call: Call, args: readonly string[]): Promise<object> {
    const namespace = `ns-${crypto.randomUUID()}`;
    const place = `apiVersion: v1\nkind: Namespace\nmetadata: {name: ${namespace}}\n---`;
    const made = await ours(['create', '-f', '-'], `${place}${POD.replace('NAMESPACE', namespace)}`);
    assert.equal(made.code, 0, made.stderr);
    const { code, stdout, stderr } = await call(['debug', '-n', namespace, ...args]);
    const listed = await ours(['get', 'pods', '-n', namespace, '-o', 'json']);
    const { items } = JSON.parse(listed.stdout) as { items: { metadata: object; spec: PodSpec }[] };
    const pods = items.map(({ metadata, spec }) => {
      const { name, labels, annotations } = metadata as Record<string, unknown>;
      return { name, labels, annotations, spec };
    });
    const said = JSON.stringify({ code, stdout, stderr, pods })
      .replaceAll(MADE_UP, 'XXXXX')
      .replaceAll(namespace, 'NS')
      .replaceAll(/kube-api-access-[a-z0-9]+/g, 'TOKEN')
      .replaceAll('kubectl', 'dure')
      .replaceAll('dure-debug', 'DEBUG');
    return JSON.parse(said) as object;
  }

  const calls = [
    ...PROFILES.flatMap((profile) => [
      `web --image=busybox -c dbg --profile=${profile}`,
      `web --image=busybox -c dbg --copy-to=copy --profile=${profile}`,
      `node/n1 --image=busybox --profile=${profile}`,
    ]),
    'web --image=busybox',
    'pod/web --image=busybox -c dbg --target=web --env=A=b --image-pull-policy=Never -- sh -c true',
    'web --image=busybox -c dbg --arguments-only -q -- sh',
    'web --image=busybox --copy-to=copy',
    'web --copy-to=copy --set-image=*=other:2,side=side:2',
    'web --copy-to=copy --set-image=web=web:2 --image=busybox -c dbg -- sleep 1',
    'web --copy-to=copy -c web -- sh',
    'web --copy-to=copy -c web --arguments-only --image=other --env=A=b -- sh',
    'web --copy-to=copy -c dbg --image=busybox --share-processes=false --same-node --profile=general',
    'web --copy-to=copy -c web --profile=restricted -- sh',
    'web --copy-to=copy -c web --profile=netadmin -- sh',
    'web --copy-to=copy -c dbg --image=x --profile=general --keep-labels --keep-annotations --keep-liveness',
    'web --copy-to=copy -c dbg --image=x --profile=baseline --keep-readiness --keep-startup --keep-init-containers=false',
    'web --copy-to=copy -c dbg --image=x --replace --profile=general',
    'web --image=busybox -c dbg --custom=CUSTOM --profile=general',
    'web --copy-to=copy -c dbg --image=x --custom=CUSTOM --profile=general',
    'node/n1 --image=busybox -c own --custom=CUSTOM --profile=sysadmin -- ls /host',
    'web --image=busybox --custom=FIXED',
    'web --image=busybox --custom=NOTHERE',
    'web --image=busybox --profile=frob',
    'web',
    'web --copy-to=copy',
    'web --copy-to=copy -- sh',
    'web --copy-to=copy --set-image=web=x --target=web',
    'web --image=x --replace',
    'web --image=x --same-node',
    'web --image=x --set-image=a=b',
    'web --image=x --image-pull-policy=Sometimes',
    'web --image=x -t',
    'web --attach --copy-to=copy --set-image=web=x',
    'nothere --image=x',
    'web --image=x --copy-to=web',
    'namespace/default --image=x',
    '--image=x',
  ];
  for (const call of calls) {
    it(call, async () => {
      const args = call.replaceAll(/CUSTOM|FIXED|NOTHERE/g, (name) => join(directory, name.toLowerCase())).split(' ');
      assert.deepEqual(await effect(ours, args), await effect(theirs, args));
    });
  }
});
