/** A table of kustomizations, each built by kubectl and by us: the same objects, in the same order, to the letter. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { TestServer } from '../../support/api-server.ts';
import { dure } from '../../support/dure.ts';
import { kubectl } from '../../support/kubectl.ts';

type Files = Readonly<Record<string, string>>;

const WEB = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {tier: front}}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      serviceAccountName: robot
      imagePullSecrets: [{name: login}]
      affinity:
        podAntiAffinity:
          requiredDuringSchedulingIgnoredDuringExecution:
          - {topologyKey: host, labelSelector: {matchLabels: {app: web}}}
      initContainers: [{name: first, image: "nginx:1"}]
      containers:
      - name: web
        image: nginx:1.25@sha256:abcdef
        command: [run]
        ports: [{containerPort: 80}, {containerPort: 81}]
        env:
        - {name: A, value: "yes"}
        - {name: B, valueFrom: {configMapKeyRef: {name: settings, key: b}}}
        envFrom: [{secretRef: {name: login}}]
        volumeMounts: [{name: v, mountPath: /v}]
      - {name: side, image: "registry.example:5000/side:2"}
      volumes:
      - {name: v, configMap: {name: settings}}
      - {name: p, projected: {sources: [{secret: {name: login}}, {configMap: {name: settings}}]}}
      - {name: c, persistentVolumeClaim: {claimName: disk}}
`;
const OTHERS = `
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: robot}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: disk}
spec: {storageClassName: fast}
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: fast}
provisioner: x
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader}
rules: [{apiGroups: [""], resources: [configmaps], verbs: [get], resourceNames: [settings]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: reader}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects:
- {kind: ServiceAccount, name: robot, namespace: default}
- {kind: ServiceAccount, name: default}
- {kind: User, name: someone}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec: {maxReplicas: 2, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web}
spec: {tls: [{secretName: login}], rules: [{http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web}}}]}}]}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly}
spec:
  schedule: "@daily"
  jobTemplate: {spec: {template: {spec: {containers: [{name: c, image: nginx, envFrom: [{configMapRef: {name: settings}}]}]}}}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: web
  selector: {matchLabels: {app: db}}
  template: {metadata: {labels: {app: db}}, spec: {containers: [{name: db, image: "db:1"}]}}
  volumeClaimTemplates: [{metadata: {name: data}, spec: {storageClassName: fast}}]
---
apiVersion: v1
kind: Namespace
metadata: {name: place}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.example.com}
spec: {group: example.com}
---
apiVersion: example.com/v1
kind: Thing
metadata: {name: thing}
spec: {parts: [{name: a, size: 1}], nested: {containers: [{image: nginx}]}, word: yes, zero: 010, float: 1.50}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: only}
spec: {podSelector: {matchLabels: {app: web}}, ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: local, annotations: {config.kubernetes.io/local-config: "true"}}
---
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: ConfigMap, metadata: {name: listed}, data: {a: "1", b: "true", c: "multi\\nline\\n", d: "x: y"}}
`;
const DATA = `
configMapGenerator:
- name: settings
  literals: [b=1, 'q="quoted text"', "empty=", "eq=a=b"]
  files: [text.txt, other=text.txt, binary.bin]
  envs: [lines.env]
secretGenerator:
- name: login
  type: kubernetes.io/basic-auth
  literals: [username=u, password=p<&>w]
  files: [long.txt]
`;
const DATA_FILES: Files = {
  'text.txt': 'line one\nline two\n',
  'long.txt': 'long '.repeat(60),
  'binary.bin': '\u0000BINARY',
  'lines.env': '# nothing\nKEY=value\n  SPACED= x y \n\nEMPTY=\nALONE\nDOTTED.key=1\n',
};
const BASE: Files = {
  'base/kustomization.yaml': 'resources: [web.yaml, others.yaml]\n',
  'base/web.yaml': WEB,
  'base/others.yaml': OTHERS,
};

const overlay = (text: string, files: Files = {}): Files => ({
  ...BASE,
  ...files,
  'kustomization.yaml': `resources: [base]\n${text}`,
});

const GOOD: Readonly<Record<string, Files>> = {
  'resources alone': overlay(''),
  'bases of bases': {
    ...BASE,
    'middle/kustomization.yaml': 'resources: [../base]\nnamePrefix: mid-\nnameSuffix: -x\n',
    'kustomization.yml': 'bases: [middle]\nnamePrefix: top-\n',
  },
  'the same base twice, each with its own prefix': {
    'base/kustomization.yaml': `resources: [web.yaml]\n${DATA}`,
    'base/web.yaml': WEB,
    ...Object.fromEntries(Object.entries(DATA_FILES).map(([name, text]) => [`base/${name}`, text])),
    'a/kustomization.yaml': 'resources: [../base]\nnamePrefix: a-\n',
    'b/kustomization.yaml': 'resources: [../base]\nnamePrefix: b-\nnamespace: other\n',
    'kustomization.yaml': 'resources: [a, b]\nnameSuffix: -z\n',
  },
  namespace: overlay('namespace: elsewhere\n'),
  'namespace, prefix and suffix': overlay('namespace: elsewhere\nnamePrefix: pre-\nnameSuffix: -suf\n'),
  'common labels and annotations': overlay('commonLabels: {app: all, b: "2"}\ncommonAnnotations: {note: "x: y"}\n'),
  'labels without selectors': overlay('labels: [{pairs: {owner: me}}]\n'),
  'labels with selectors': overlay('labels: [{pairs: {owner: me}, includeSelectors: true}]\n'),
  'labels with templates': overlay('labels: [{pairs: {owner: me}, includeTemplates: true}]\n'),
  'labels with fields of one own': overlay(
    'labels: [{pairs: {owner: me}, fields: [{path: spec/extra, kind: Thing, create: true}]}]\n',
  ),
  images: overlay(`images:
- {name: nginx, newTag: "2.0"}
- {name: registry.example:5000/side, newName: other/side, digest: "sha256:123"}
- {name: db, newName: database, newTag: v2, digest: "sha256:9"}
`),
  'images by pattern': overlay('images: [{name: "ng.*", newTag: "3"}, {name: "d.", newName: x}]\n'),
  replicas: overlay('replicas: [{name: web, count: 5}, {name: db, count: 0}]\nnamePrefix: x-\n'),
  'generated data': overlay(DATA, DATA_FILES),
  'generated data with names around it': overlay(
    `${DATA}\nnamePrefix: p-\nnameSuffix: -s\nnamespace: ns\n`,
    DATA_FILES,
  ),
  'generated data without hashes': overlay(
    `${DATA}\ngeneratorOptions: {disableNameSuffixHash: true, immutable: true, labels: {a: b}, annotations: {c: d}}\n`,
    DATA_FILES,
  ),
  'options of one generator': overlay(`generatorOptions: {labels: {a: b, c: d}}
configMapGenerator:
- {name: one, literals: [a=b], options: {labels: {a: own}, annotations: {e: f}, immutable: true}}
- {name: two, namespace: there}
- {name: three, options: {disableNameSuffixHash: true}}
`),
  'data merged and replaced': {
    'base/kustomization.yaml': `configMapGenerator:
- {name: merged, literals: [a=1, b=2], options: {labels: {x: z}}}
- {name: replaced, literals: [a=1]}
- {name: plain, literals: [a=1], options: {disableNameSuffixHash: true}}
- {name: hashed, literals: [a=1]}
secretGenerator: [{name: hidden, literals: [a=1]}]
`,
    'kustomization.yaml': `resources: [base]
namePrefix: p-
configMapGenerator:
- {name: merged, behavior: merge, literals: [b=3, c=4], options: {annotations: {k: m}}}
- {name: replaced, behavior: replace, literals: [z=1]}
- {name: plain, behavior: merge, literals: [b=2]}
- {name: hashed, behavior: replace, literals: [b=2], options: {disableNameSuffixHash: true}}
secretGenerator: [{name: hidden, behavior: merge, literals: [b=2]}]
`,
  },
  'strategic patches': overlay(
    `patches:
- path: more.yaml
- patch: |-
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web, labels: {tier: null}, annotations: {x: y}}
    spec:
      template:
        spec:
          containers:
          - {name: new, image: new}
          - name: web
            command: [other, words]
            env: [{name: C, value: c}, {name: A, value: "no"}]
            ports: [{containerPort: 82}]
          - {name: side, $patch: delete}
          volumes: [{name: v, emptyDir: {}, configMap: null}]
- patch: '{apiVersion: example.com/v1, kind: Thing, metadata: {name: thing}, spec: {parts: [{name: b}], word: null}}'
`,
    {
      'more.yaml': `
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {ports: [{port: 81, name: other}], selector: {$patch: replace, only: this}}
---
$patch: delete
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec: {template: {spec: {containers: [{$patch: replace}, {name: only, image: x}]}}}
`,
    },
  ),
  'JSON patches': overlay(`patches:
- target: {kind: Deployment, name: web}
  patch: |-
    - {op: replace, path: /spec/replicas, value: 7}
    - {op: add, path: /spec/template/spec/containers/-, value: {name: last, image: x}}
    - {op: remove, path: /spec/template/spec/containers/1}
    - {op: test, path: /metadata/name, value: web}
- target: {group: apps, version: v1}
  patch: '[{"op": "add", "path": "/metadata/annotations", "value": {"all": "apps"}}]'
`),
  'patches of what is selected': overlay(`patches:
- target: {kind: "Deploy.*|StatefulSet", labelSelector: "tier=front"}
  patch: '{apiVersion: v1, kind: Any, metadata: {name: any, annotations: {selected: labels}}}'
- target: {name: "w.*"}
  patch: '{apiVersion: v1, kind: Any, metadata: {name: any, annotations: {selected: name}}}'
- target: {kind: Service, namespace: default}
  patch: '{apiVersion: v1, kind: Any, metadata: {name: any, annotations: {selected: namespace}}}'
- target: {annotationSelector: "selected in (name)"}
  patch: '{apiVersion: v1, kind: Any, metadata: {name: any, labels: {second: "round"}}}'
- target: {kind: Nothing}
  patch: '{apiVersion: v1, kind: Any, metadata: {name: any, labels: {never: "seen"}}}'
`),
  'patches that change names and kinds': overlay(`patches:
- {target: {kind: Service}, patch: '{apiVersion: v1, kind: X, metadata: {name: renamed}}', options: {allowNameChange: true}}
`),
  'older kinds of patches': overlay(
    `patchesStrategicMerge:
- more.yaml
- |-
  apiVersion: v1
  kind: Service
  metadata: {name: web}
  spec: {type: NodePort}
patchesJson6902:
- {target: {group: apps, version: v1, kind: Deployment, name: web}, path: operations.yaml}
- {target: {version: v1, kind: Service, name: web}, patch: '[{"op": "add", "path": "/spec/x", "value": 1}]'}
imageTags: [{name: nginx, newTag: old}]
commonLabels: {a: b}
namePrefix: p-
`,
    {
      'more.yaml': 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {paused: true}\n',
      'operations.yaml': '- op: add\n  path: /metadata/labels/y\n  value: n\n',
    },
  ),
  components: {
    ...BASE,
    'extra/kustomization.yaml': `apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
configMapGenerator: [{name: settings, literals: [x=y]}]
patches: [{target: {kind: Deployment}, patch: '[{"op": "replace", "path": "/spec/replicas", "value": 3}]'}]
namePrefix: comp-
`,
    'kustomization.yaml': 'resources: [base]\ncomponents: [extra]\nnameSuffix: -end\n',
  },
  'order of the files': overlay('sortOptions: {order: fifo}\n'),
  'an order of its own': overlay(
    'sortOptions: {order: legacy, legacySortOptions: {orderFirst: [Thing], orderLast: [Namespace]}}\n',
  ),
  'anchors and merged maps': {
    'r.yaml': `apiVersion: v1
kind: ConfigMap
metadata: &m {name: a, labels: {x: y}}
data: {one: "1"}
---
apiVersion: v1
kind: ConfigMap
metadata: {<<: {name: b}, labels: &l {k: "v"}, annotations: *l}
`,
    'kustomization.yaml': 'resources: [r.yaml]\nnamePrefix: &p q-\n',
  },
};

/** What kustomize refuses too, and what is said here. */
const BAD: Readonly<Record<string, readonly [Files, RegExp]>> = {
  'no kustomization file': [
    { 'x.yaml': '' },
    /unable to find one of 'kustomization\.yaml', 'kustomization\.yml' or 'Kustom/,
  ],
  'two kustomization files': [
    { 'kustomization.yaml': 'namePrefix: a\n', Kustomization: 'namePrefix: a\n' },
    /Found multiple kus/,
  ],
  'an empty file': [{ 'kustomization.yaml': '' }, /kustomization\.yaml is empty/],
  'an unknown field': [overlay('nameprefix2: x\n'), /^error: invalid Kustomization: json: unknown field "nameprefix2"/],
  'an unknown field below': [overlay('images: [{nam: x}]\n'), /json: unknown field "nam"/],
  'a number for a text': [
    overlay('images: [{name: x, newTag: 1.10}]\n'),
    /cannot unmarshal number .* images\[0\]\.newTag/,
  ],
  'a wrong version': [
    overlay('apiVersion: v1\nkind: Kustomization\n'),
    /apiVersion for Kustomization should be kustomize/,
  ],
  'a wrong kind': [overlay('kind: Pod\n'), /kind should be Kustomization or Component/],
  'a missing resource': [
    { 'kustomization.yaml': 'resources: [nothere.yaml]\n' },
    /nothere\.yaml: no such file or directory/,
  ],
  'a resource outside': [
    { 'in/kustomization.yaml': 'resources: [../x.yaml]\n', 'x.yaml': WEB, 'kustomization.yaml': 'resources: [in]\n' },
    /security; file '.*x\.yaml' is not in or below/,
  ],
  'a circle': [
    { 'kustomization.yaml': 'resources: [in]\n', 'in/kustomization.yaml': 'resources: [..]\n' },
    /cycle detected/,
  ],
  'the same object twice': [
    { 'a.yaml': WEB, 'b.yaml': WEB, 'kustomization.yaml': 'resources: [a.yaml, b.yaml]\n' },
    /may not add resource with an already registered id: Deployment\.v1\.apps\/web\.\[noNs\]/,
  ],
  'an object without a name': [
    { 'a.yaml': 'apiVersion: v1\nkind: Pod\n', 'kustomization.yaml': 'resources: [a.yaml]\n' },
    /missing metadata\.name in object/,
  ],
  'no YAML': [{ 'a.yaml': 'a: [', 'kustomization.yaml': 'resources: [a.yaml]\n' }, /a\.yaml/],
  'a patch of nothing': [
    overlay('patches: [{patch: "{apiVersion: v1, kind: Pod, metadata: {name: no}}"}]\n'),
    /no resource matches strategic merge patch "Pod\.v1\.\[noGrp\]\/no\.\[noNs\]"/,
  ],
  'operations for nobody': [
    overlay(`patches: [{patch: '[{"op": "remove", "path": "/x"}]'}]\n`),
    /must specify a target for JSON/,
  ],
  'operations that do not fit': [
    overlay(`patches: [{target: {name: web}, patch: '[{"op": "remove", "path": "/spec/none"}]'}]\n`),
    /the JSON patch does not fit .*\/spec\/none/,
  ],
  'a patch without a patch': [overlay('patches: [{target: {name: x}}]\n'), /must specify one of patch and path/],
  'a patch twice': [overlay('patches: [{path: a, patch: b}]\n'), /patch and path can't be set at the same time/],
  'replicas of nothing': [overlay('replicas: [{name: none, count: 1}]\n'), /resource with name none does not match/],
  'data that is there': [
    { 'kustomization.yaml': 'configMapGenerator: [{name: a}, {name: a}]\n' },
    /exists; behavior must be merge or replace/,
  ],
  'data that is not there': [
    { 'kustomization.yaml': 'configMapGenerator: [{name: a, behavior: merge}]\n' },
    /does not exist; cannot merge or replace/,
  ],
  'a key twice': [
    { 'kustomization.yaml': 'configMapGenerator: [{name: a, literals: [a=1, a=2]}]\n' },
    /illegally repeats the key `a`/,
  ],
  'a literal without a value': [
    { 'kustomization.yaml': 'configMapGenerator: [{name: a, literals: [a]}]\n' },
    /expected key=value/,
  ],
  'a component as a resource': [
    { 'c/kustomization.yaml': 'kind: Component\nnamePrefix: a\n', 'kustomization.yaml': 'resources: [c]\n' },
    /expected kind != 'Component'/,
  ],
  'a kustomization as a component': [
    { 'c/kustomization.yaml': 'namePrefix: a\n', 'kustomization.yaml': 'components: [c]\n' },
    /expected kind == 'Component'/,
  ],
  'an order that nobody knows': [overlay('sortOptions: {order: random}\n'), /sortOptions\.order/],
};

/** What kustomize can and this can't: said in plain words. */
const REFUSED: Readonly<Record<string, readonly [string, RegExp]>> = {
  'bases elsewhere': ['resources: ["https://example.com/base"]\n', /dure fetches nothing from elsewhere/],
  'bases from git': ['resources: ["github.com/a/b//c?ref=v1"]\n', /dure fetches nothing from elsewhere/],
  'helm charts': ['helmCharts: [{name: a}]\n', /dure does not know the field "helmCharts"/],
  replacements: ['replacements: [{path: a}]\n', /dure does not know the field "replacements"/],
};

describe('kustomize, like kubectl', function () {
  this.timeout(60_000);
  let directory: string;

  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'dure-kustomize-'));
  });
  after(() => rmSync(directory, { recursive: true }));

  let count = 0;
  function folderOf(files: Files): string {
    const folder = join(directory, String(count++));
    for (const [name, text] of Object.entries({ ...files })) {
      const path = join(folder, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, name.endsWith('.bin') ? Buffer.from([0, 255, 254, ...Buffer.from('x'.repeat(99))]) : text);
    }
    return folder;
  }
  const theirs = (folder: string): ReturnType<typeof kubectl> =>
    kubectl(join(directory, 'none'), ['kustomize', folder]);
  const ours = (...args: readonly string[]): ReturnType<typeof dure> => dure(undefined, ['kustomize', ...args]);

  for (const [name, files] of Object.entries(GOOD)) {
    it(name, async () => {
      const folder = folderOf(files);
      const [expected, actual] = await Promise.all([theirs(folder), ours(folder)]);
      assert.deepEqual([expected.code, expected.stderr.replaceAll(/^# Warning.*\n/gm, '')], [0, '']);
      assert.equal(actual.stdout, expected.stdout);
      assert.deepEqual([actual.code, actual.stderr], [0, expected.stderr]);
    });
  }

  for (const [name, [files, said]] of Object.entries(BAD)) {
    it(`refuses ${name}`, async () => {
      const folder = folderOf(files);
      const [expected, actual] = await Promise.all([theirs(folder), ours(folder)]);
      assert.deepEqual([actual.code, actual.stdout], [1, '']);
      assert.equal(expected.code, 1, expected.stdout);
      assert.match(actual.stderr, said);
    });
  }

  for (const [name, [text, said]] of Object.entries(REFUSED)) {
    it(`refuses ${name}, which it does not have`, async () => {
      const { code, stderr } = await ours(folderOf({ 'kustomization.yaml': text }));
      assert.equal(code, 1);
      assert.match(stderr, said);
    });
  }

  it('reads files outside when told to, and writes to files', async () => {
    const folder = folderOf({ 'x.yaml': OTHERS, 'in/kustomization.yaml': 'resources: [../x.yaml]\n', 'out/keep': '' });
    const into = join(folder, 'out');
    const { code, stderr } = await ours(join(folder, 'in'), '--load-restrictor=LoadRestrictionsNone', '-o', into);
    assert.equal(code, 0, stderr);
    assert.ok(readdirSync(into).includes('apps_v1_statefulset_db.yaml'));
    await ours(join(folder, 'in'), '--load-restrictor=LoadRestrictionsNone', '-o', join(folder, 'all.yaml'));
    assert.match(readFileSync(join(folder, 'all.yaml'), 'utf8'), /^apiVersion: v1\nkind: Namespace\n/);
  });

  it('applies, shows, compares and deletes what a kustomization builds', async () => {
    const server = await TestServer.start();
    try {
      const call = (...args: readonly string[]): ReturnType<typeof dure> => dure(server.kubeconfig, args);
      const folder = folderOf({
        'kustomization.yaml': 'namePrefix: k-\nconfigMapGenerator: [{name: made, literals: [a=b]}]\n',
      });
      const name = /k-made-[a-z0-9]{10}/.exec((await ours(folder)).stdout)?.[0] ?? '';
      assert.equal((await call('apply', '-k', folder)).stdout, `configmap/${name} created\n`);
      assert.equal((await call('apply', '-k', folder)).stdout, `configmap/${name} unchanged\n`);
      assert.equal((await call('diff', '-k', folder)).code, 0);
      assert.equal((await call('get', '-k', folder, '-o', 'name')).stdout, `configmap/${name}\n`);
      assert.match((await call('create', '-k', folder)).stderr, /AlreadyExists/);
      assert.match((await call('delete', '-k', folder)).stdout, /deleted from default namespace\n$/);
      const both = await call('apply', '-k', folder, '-f', '-');
      assert.match(both.stderr, /^error: only one of -f or -k can be specified/);
    } finally {
      await server.stop();
    }
  });
});
