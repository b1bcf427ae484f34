/** The kinds of networking, storage, scheduling, node, flow control, resource and apiregistration, with the real kubectl. */
import assert from 'node:assert/strict';
import { TestServer } from '../../support/api-server.ts';
import { kubectl, type KubectlResult } from '../../support/kubectl.ts';

const ALL = `
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: web, annotations: {ingressclass.kubernetes.io/is-default-class: "true"}}
spec: {controller: example.com/web}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web}
spec:
  rules:
  - host: a.example
    http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web}
spec: {podSelector: {matchLabels: {app: web}}, egress: [{}]}
---
apiVersion: networking.k8s.io/v1
kind: ServiceCIDR
metadata: {name: more}
spec: {cidrs: [10.200.0.0/24]}
---
apiVersion: networking.k8s.io/v1
kind: IPAddress
metadata: {name: 10.200.0.1}
spec: {parentRef: {resource: services, namespace: default, name: web}}
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: fast}
provisioner: example.com/disk
---
apiVersion: storage.k8s.io/v1
kind: CSIDriver
metadata: {name: disk.example.com}
spec: {}
---
apiVersion: storage.k8s.io/v1
kind: CSINode
metadata: {name: n1}
spec: {drivers: []}
---
apiVersion: storage.k8s.io/v1
kind: CSIStorageCapacity
metadata: {name: fast}
storageClassName: fast
capacity: 1Gi
---
apiVersion: storage.k8s.io/v1
kind: VolumeAttachment
metadata: {name: v1}
spec: {attacher: disk.example.com, nodeName: n1, source: {persistentVolumeName: pv}}
---
apiVersion: storage.k8s.io/v1
kind: VolumeAttributesClass
metadata: {name: gold}
driverName: disk.example.com
parameters: {iops: "5"}
---
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: {name: high}
value: 1000
---
apiVersion: node.k8s.io/v1
kind: RuntimeClass
metadata: {name: sandboxed}
handler: runsc
---
apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: PriorityLevelConfiguration
metadata: {name: mine}
spec: {type: Limited, limited: {limitResponse: {type: Queue, queuing: {}}}}
---
apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: FlowSchema
metadata: {name: mine}
spec: {priorityLevelConfiguration: {name: mine}}
---
apiVersion: resource.k8s.io/v1
kind: DeviceClass
metadata: {name: gpu}
spec: {}
---
apiVersion: resource.k8s.io/v1
kind: ResourceClaim
metadata: {name: one}
spec: {devices: {requests: [{name: a, exactly: {deviceClassName: gpu}}]}}
---
apiVersion: resource.k8s.io/v1
kind: ResourceClaimTemplate
metadata: {name: one}
spec: {spec: {devices: {requests: [{name: a, exactly: {deviceClassName: gpu}}]}}}
---
apiVersion: resource.k8s.io/v1
kind: ResourceSlice
metadata: {name: one}
spec: {driver: gpu.example.com, nodeName: n1, pool: {name: p, generation: 1, resourceSliceCount: 1}, devices: [{name: x}]}
---
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: {name: v1.a.example}
spec:
  group: a.example
  version: v1
  groupPriorityMinimum: 100
  versionPriority: 10
  insecureSkipTLSVerify: true
  service: {namespace: default, name: a}
`;

/** `kubectl get KIND NAME -o wide --no-headers`, with an age of any length. */
const SHOWN: readonly [what: string, line: RegExp][] = [
  ['ingressclasses web', /^web example\.com\/web <none> \w+$/],
  ['ing web', /^web web a\.example 80 \w+$/],
  ['netpol web', /^web app=web \w+$/],
  ['servicecidrs more', /^more 10\.200\.0\.0\/24 \w+$/],
  ['ip 10.200.0.1', /^10\.200\.0\.1 services\/default\/web$/],
  ['sc fast', /^fast example\.com\/disk Delete Immediate false \w+$/],
  ['csidrivers disk.example.com', /^disk\.example\.com true false false <unset> false Persistent \w+$/],
  ['csinodes n1', /^n1 0 \w+$/],
  ['csistoragecapacities fast', /^fast fast 1Gi$/],
  ['volumeattachments v1', /^v1 disk\.example\.com pv n1 false \w+$/],
  ['vac gold', /^gold disk\.example\.com \w+$/],
  ['pc high', /^high 1000 false \w+ PreemptLowerPriority$/],
  ['runtimeclasses sandboxed', /^sandboxed runsc \w+$/],
  ['prioritylevelconfigurations mine', /^mine Limited 30 64 8 50 \w+$/],
  ['flowschemas mine', /^mine mine 1000 <none> \w+ (\?|False)$/],
  ['deviceclasses gpu', /^gpu \w+$/],
  ['resourceclaims one', /^one pending \w+$/],
  ['resourceclaimtemplates one', /^one \w+$/],
  ['resourceslices one', /^one n1 gpu\.example\.com p \w+$/],
];

describe('kubectl and the kinds of other groups', () => {
  let server: TestServer;
  before(async () => {
    server = await TestServer.start();
  });
  after(() => server.stop());

  const run = (args: string, stdin = ''): Promise<KubectlResult> => kubectl(server.kubeconfig, args.split(' '), stdin);
  const succeed = async (args: string, stdin = ''): Promise<string> => {
    const { code, stdout, stderr } = await run(args, stdin);
    assert.equal(code, 0, `kubectl ${args}: ${stderr}`);
    return stdout;
  };

  it('applies them, twice', async () => {
    await succeed('apply -f -', ALL);
    const again = await succeed('apply -f -', ALL);
    const changed = again.split('\n').filter((line) => line !== '' && !line.endsWith(' unchanged'));
    // Lists that are replaced as a whole: kubectl sends them again without the defaults that are in them by now.
    assert.deepEqual(changed, [
      'resourceclaim.resource.k8s.io/one configured',
      'resourceclaimtemplate.resource.k8s.io/one configured',
    ]);
  });

  for (const [what, line] of SHOWN) {
    it(`shows ${what}`, async () => {
      const text = await succeed(`get ${what} -o wide --no-headers`);
      assert.match(text.trim().replaceAll(/\s+/g, ' '), line);
    });
  }

  it('keeps status and spec apart', async () => {
    const attached = '{"status":{"attached":true},"spec":{"nodeName":"n2"}}';
    await succeed(`patch volumeattachments v1 --subresource=status --type=merge -p ${attached}`);
    assert.equal(await succeed('get volumeattachments v1 -o jsonpath={.spec.nodeName}{.status.attached}'), 'n1true');
    const { stderr } = await run(`patch volumeattachments v1 --type=merge -p {"spec":{"nodeName":"n2"}}`);
    assert.match(stderr, /spec: Invalid value: .*: field is immutable/);
  });

  it('explains and deletes them', async () => {
    assert.match(await succeed('explain ingress.spec.rules.http.paths.pathType'), /FIELD: pathType <string>/);
    await succeed('delete -f -', ALL);
  });
});
