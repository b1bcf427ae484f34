/** The same call, by kubectl and by us, on one API server: the same output and exit code. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestServer } from '../../support/api-server.ts';
import { dure } from '../../support/dure.ts';
import { kubectl, type KubectlResult } from '../../support/kubectl.ts';
import { adminAccess } from '../../support/raw-requests.ts';
import { MANIFEST, POD_STATUS } from './objects.ts';

describe('like kubectl', function () {
  this.timeout(60_000);
  let server: TestServer;
  let directory: string;
  let manifest: string;

  before(async () => {
    server = await TestServer.start({ roles: true });
    directory = mkdtempSync(join(tmpdir(), 'dure-cli-'));
    manifest = join(directory, 'all.yaml');
    writeFileSync(manifest, MANIFEST);
    writeFileSync(join(directory, 'local.yaml'), MANIFEST.split('---')[0] ?? '');
    const applied = await kubectl(server.kubeconfig, ['apply', '-f', manifest]);
    assert.equal(applied.code, 0, applied.stderr);
    const { client } = await adminAccess({ kubeconfig: server.kubeconfig });
    writeFileSync(join(directory, 'tls.crt'), client?.certificate ?? '');
    writeFileSync(join(directory, 'tls.key'), client?.key ?? '');
    const rights: string[][] = [
      ['create', 'role', 'reader', '--verb=get,list', '--resource=pods,pods/log,deployments.apps'],
      ['create', 'role', 'named', '--verb=get', '--resource=configmaps', '--resource-name=b', '--resource-name=a'],
      ['create', 'rolebinding', 'reader', '--role=reader', '--user=reader'],
      ['create', 'rolebinding', 'named', '--role=named', '--user=reader'],
    ];
    for (const args of rights) assert.equal((await kubectl(server.kubeconfig, args)).code, 0);
    const room = { cpu: '2', memory: '4Gi', pods: '110' };
    const nodeStatus = JSON.stringify({ status: { capacity: room, allocatable: room } });
    const nodePatch = ['patch', 'node', 'n1', '--subresource=status', '--type=merge', '-p', nodeStatus];
    assert.equal((await kubectl(server.kubeconfig, nodePatch)).code, 0);
    const patch = [
      'patch',
      'pod',
      'busy',
      '--subresource=status',
      '--type=merge',
      '-p',
      JSON.stringify({ status: POD_STATUS }),
    ];
    assert.equal((await kubectl(server.kubeconfig, patch)).code, 0);
  });

  after(async () => {
    await server.stop();
    rmSync(directory, { recursive: true });
  });

  /** Ages grow between two calls. */
  const ageless = ({ code, stdout, stderr }: KubectlResult): KubectlResult => ({
    code,
    stdout: stdout.replaceAll(/\b\d+[smh](\d+s)?(?=\s|$)/g, 'AGE').replaceAll(/AGE +/g, 'AGE '),
    stderr: stderr.replaceAll(/'?(kubectl|dure) /g, '').replaceAll('kubectl', 'dure'),
  });

  const calls = [
    'auth can-i list pods',
    'auth can-i get nodes',
    'auth can-i get /metrics --as=somebody',
    'auth can-i list deploy/web --as=somebody --as-group=devs -q',
    'auth can-i frobnicate nothings.example.com -A',
    'auth can-i --list --as=reader',
    'auth can-i --list -q',
    'auth can-i list',
    'auth whoami --as=somebody --as-group=devs --as-group=ops',
    'get secrets --as=somebody',
    'get pods',
    'get pods -o wide --show-labels -L app',
    'get pods -A --no-headers',
    'get deploy,svc,cm',
    'get all',
    'get pod busy nothere',
    'get nothing',
    'get deployment/web service/web -o name',
    'get pods -n kube-system',
    'get pods -l app=none',
    'get pods --field-selector metadata.name=busy',
    'get cm conf -o yaml',
    'get cm conf -o json',
    'get deployment web -o yaml',
    'get pod busy -o yaml',
    'get pods,cm -o jsonpath={range.items[*]}{.metadata.name},{end}',
    'get nodes -o jsonpath={.items[*].metadata.name}',
    'get pods -o custom-columns=NAME:.metadata.name,IMAGE:.spec.containers[*].image,X:.nothing',
    'get cm conf --template={{.metadata.name}}',
    'get cm conf -o go-template-file=nothere',
    'get cm conf -o go-template',
    'get cm --sort-by=.metadata.name',
    'get foo/bar baz',
    'describe pod busy',
    'describe deployment web',
    'describe node n1',
    'describe service web',
    'describe cm conf',
    'describe secret sec',
    'describe ns default',
    'describe pods nothere',
    'apply -f MANIFEST',
    'apply',
    'create -f MANIFEST',
    'create ns other --dry-run=client',
    'create deployment d --image=nginx:1 --port=80 --dry-run=client -o yaml',
    'create configmap c --from-literal=a=b --dry-run=client -o yaml',
    'create service clusterip s --tcp=80:8080 --dry-run=client -o yaml',
    'create role r --verb=get,list --resource=deployments.apps,pods,pods/log --dry-run=client -o yaml',
    'create role r --verb=get --resource=pods --resource-name=a --resource-name=b --dry-run=client -o yaml',
    'create role r --verb=get,*,frob --resource=pods --dry-run=client -o yaml',
    'create role r --resource=pods',
    'create role r --verb=get',
    'create clusterrole r --verb=* --resource=pods,nodes --dry-run=client -o yaml',
    'create clusterrole r --verb=get --non-resource-url=/metrics,/logs/* --dry-run=client -o yaml',
    'create clusterrole r --aggregation-rule=a/b=c,d=e --dry-run=client -o yaml',
    'create clusterrole r --verb=get --aggregation-rule=a=b',
    'create clusterrole r --verb=list --non-resource-url=/x',
    'create clusterrole r --verb=get --non-resource-url=x',
    'create clusterrole r --verb=use --resource=pods',
    'create rolebinding b --clusterrole=view --user=a --group=g --serviceaccount=ns:sa --dry-run=client -o yaml',
    'create rolebinding b --role=r --user=a --user=c --dry-run=client -o yaml',
    'create rolebinding b --user=a',
    'create rolebinding b --clusterrole=view --serviceaccount=bad',
    'create clusterrolebinding b --clusterrole=view --group=g --serviceaccount=ns:sa --dry-run=client -o yaml',
    'create clusterrolebinding b',
    'create cronjob c --image=busybox --schedule=@daily --restart=Never --dry-run=client -o yaml -- date -u',
    'create cronjob c --schedule=@daily',
    'create job j --image=busybox --dry-run=client -o yaml -- date -u',
    'create job j',
    'create job j --from=cronjob/nothere',
    'create ingress i --rule=foo.com/bar=svc1:8080,tls=my-cert --rule=foo.com/baz=svc1:8080 --dry-run=client -o yaml',
    'create ingress i --class=default --rule=foo.com/path*=svc:8080 --rule=/x=svc2:http,tls --annotation=a=b --dry-run=client -o yaml',
    'create ingress i --default-backend=def:80 --dry-run=client -o yaml',
    'create ingress i',
    'create ingress i --rule=nonsense',
    'create ingress i --default-backend=nope',
    'create ingress i --rule=a/b=c:1 --annotation=x',
    'create poddisruptionbudget p --selector=app=a --min-available=1 --dry-run=client -o yaml',
    'create pdb p --selector=x,y=z --max-unavailable=50% --dry-run=client -o yaml',
    'create pdb p --selector=a!=b --max-unavailable=1 --dry-run=client',
    'create pdb p',
    'create pdb p --selector=a=b',
    'create pdb p --selector=a=b --min-available=1 --max-unavailable=1',
    'create priorityclass p --value=10 --description=d --global-default --dry-run=client -o yaml',
    'create quota q --hard=cpu=1,pods=3 --scopes=BestEffort --dry-run=client -o yaml',
    'create quota q --hard=cpu',
    'create secret docker-registry d --docker-username=u --docker-password=p --docker-email=e@x --dry-run=client -o yaml',
    'create secret docker-registry d --docker-server=r.example --docker-username=u',
    'create secret tls t --cert=TLS.crt --key=TLS.key --dry-run=client -o yaml',
    'create secret tls t --cert=nofile --key=TLS.key',
    'create secret tls t',
    'create service externalname e --external-name=bar.com --tcp=80:8080 --dry-run=client -o yaml',
    'create service externalname e',
    'autoscale deployment web --min=1 --max=3 --cpu=80% --memory=200Mi --dry-run=client -o yaml',
    'autoscale deployment web --min=5 --max=3',
    'autoscale deployment web',
    'replace -f MANIFEST --dry-run=server',
    'expose deployment web --port=80 --name=other --dry-run=client -o yaml',
    'run x --image=y --dry-run=client -o yaml -- a b',
    'scale deployment/web --replicas=2',
    'run x --image=y --privileged --env=A=b --labels=a=b,c=d --dry-run=client -o yaml',
    'run x --image=y --expose --dry-run=client',
    'run x --image=y --port=http --dry-run=client',
    'run x --image=y -t',
    'run x --image=y -i --dry-run=client',
    'run x --image=y --overrides={"spec":{"hostNetwork":true}} --dry-run=client -o yaml',
    'run x --image=y --override-type=strategic --overrides={"spec":{"containers":[{"name":"x","tty":true}]}} --dry-run=client -o yaml',
    'run x --image=y --override-type=json --overrides=[{"op":"add","path":"/metadata/labels/z","value":"1"}] --dry-run=client -o yaml',
    'run x --image=y --override-type=frob --overrides={} --dry-run=client',
    'run x --image=y --expose --port=80 --dry-run=client -o yaml',
    'run x --image=y --expose --port=80 --dry-run=client -o name',
    'run x --image=y --expose --port=80 --dry-run=server',
    'expose deployment web --port=80 --name=o --overrides={"spec":{"type":"NodePort"}} --dry-run=client -o yaml',
    'expose deployment web --port=80 --name=o --load-balancer-ip=10.0.0.9 --type=LoadBalancer --dry-run=client -o yaml',
    'create configmap c --from-literal=a=b --append-hash --dry-run=client -o yaml',
    'create configmap c --append-hash --dry-run=client -o name',
    'create secret generic s --from-literal=a=b<&> --append-hash --dry-run=client -o yaml',
    'create secret generic s --type=x/y --append-hash --dry-run=client -o name',
    'create secret docker-registry d --docker-username=u --docker-password=p --append-hash --dry-run=client -o name',
    'create secret tls t --cert=TLS.crt --key=TLS.key --append-hash --dry-run=client -o name',
    'label --local -f MANIFEST x=y',
    'label --local -f MANIFEST app=other --overwrite -o jsonpath={.metadata.labels.app}',
    'label --local pod/busy x=y',
    'annotate --local -f MANIFEST note- -o name',
    'set image --local -f LOCAL web=nginx:9 -o jsonpath={.spec.template.spec.containers[0].image}',
    'set serviceaccount --local -f LOCAL robot -o jsonpath={.spec.template.spec.serviceAccountName}',
    'set resources --local -f LOCAL --limits=cpu=1 -o jsonpath={.spec.template.spec.containers[0].resources.limits.cpu}',
    'set env --local -f LOCAL B=2 A- -o jsonpath={.spec.template.spec.containers[0].env}',
    'patch --local -f LOCAL -p {"spec":{"replicas":9}} -o jsonpath={.spec.replicas}',
    'set env deployment/web --list',
    'set env pod/busy --list --resolve',
    'set env pod/busy --list',
    'set env deployment/web --from=configmap/conf --keys=a,c --prefix=P_ --dry-run=client -o jsonpath={.spec.template.spec.containers[0].env}',
    'set env deployment/web --from=secret/sec --dry-run=client -o jsonpath={.spec.template.spec.containers[0].env}',
    'set env deployment/web --from=service/web',
    'set env deployment/web --keys=a',
    'set env deployment/web A=2 --overwrite=false',
    'set env deployment/web A=2 --list',
    'set env deployment/web A=2 --dry-run=server',
    'set env deployment/web -c none A=2',
    'config view --template={{.kind}}',
    'config view -o go-template={{.kind}}',
    'events --template={{.kind}}',
    'label pod busy app=busy',
    'label pod busy app=other',
    'label pod busy nothing-',
    'annotate pod busy a=b --overwrite',
    'patch deployment web -p {"spec":{"replicas":2}}',
    'set image deployment/web none=nginx:2',
    'set image deployment/web *=nginx:9 --dry-run=client -o jsonpath={.spec.template.spec.containers[*].image}',
    'set resources deployment web --limits=cpu=200m,memory=512Mi --requests=cpu=0.1 --dry-run=client -o jsonpath={.spec.template.spec.containers[*].resources.limits.memory}',
    'set resources deployment web --limits=cpu=200m --dry-run=server',
    'set resources deployment web',
    'set serviceaccount deployment web robot --dry-run=client -o jsonpath={.spec.template.spec.serviceAccountName}',
    'set sa deploy/web robot --dry-run=server',
    'set selector service web app=other --dry-run=client -o jsonpath={.spec.selector}',
    'set selector service web a!=b',
    'set subject rolebinding reader --user=a --user=reader --serviceaccount=ns:sa --dry-run=client -o jsonpath={.subjects[*].name}',
    'set subject rolebinding reader',
    'set subject rolebinding nothere --user=a',
    'patch deployment web -p {"spec":{"replicas":7}} --dry-run=client -o jsonpath={.spec.replicas}',
    'patch deployment web --type=merge -p {"spec":{"replicas":7}} --dry-run=client -o jsonpath={.spec.replicas}',
    'patch deployment web --type=json -p [{"op":"replace","path":"/spec/replicas","value":7}] --dry-run=client -o jsonpath={.spec.replicas}',
    'rollout status deployment/web --watch=false',
    'rollout undo deployment/web',
    'taint nodes n1 nothing-',
    'uncordon n1',
    'wait --for=jsonpath={.status.phase}=Running pod/busy',
    'wait --for=condition=Ready pod/busy --timeout=1s',
    'delete pod nothere',
    'delete cm conf --dry-run=client',
    'delete pods',
    'exec busy -- ls',
    'logs busy',
    'explain deployment',
    'api-resources',
    'api-versions',
    'config get-contexts',
    'config current-context',
    'config view',
    'get pods --nope',
    'auth whoami --as=somebody -o yaml',
    'auth whoami --as=somebody -o jsonpath={.status.userInfo.groups}',
    'apply view-last-applied deployment/web',
    'apply view-last-applied deployment/web cm/conf -o json',
    'apply view-last-applied -f MANIFEST',
    'apply view-last-applied pods -l app=busy',
    'apply view-last-applied ns default',
    'apply view-last-applied deployment/web -o name',
    'apply view-last-applied deployments',
    'apply set-last-applied -f MANIFEST --dry-run=client',
    'apply set-last-applied -f LOCAL --dry-run=server -o name',
    'apply set-last-applied',
    'delete --raw=/api/v1/namespaces/default/pods/nothere',
    'delete --raw=pods',
    'delete --raw=/api/v1/namespaces/default/pods/nothere -i',
    'delete --raw=/api/v1/namespaces/default/pods/nothere -o name',
    'delete --raw=/api/v1/namespaces/default/pods/nothere -f a,b',
    'delete cm conf svc/web -i',
    'delete cm conf -i',
    'replace --raw=/api/v1/namespaces/default/configmaps/nothere -f LOCAL',
    'replace --raw=/api/v1/namespaces/default/configmaps/nothere',
    'scale deployment/web --replicas=2 --current-replicas=9',
    'scale deployment/web --replicas=2 --current-replicas=-3',
    'scale deployment/web --replicas=2 --resource-version=1x',
    'scale -f MANIFEST --replicas=2 --resource-version=1',
    'set selector service web app=other --resource-version=1 --dry-run=server',
    'wait --for=jsonpath={.status.phase}=Running --for=create pod/busy',
    'wait --for=jsonpath={.status.phase}=Running pod/busy -o name',
    'wait --for=jsonpath={.status.phase}=Running pod/busy -o jsonpath={.metadata.name}',
    'wait --for=delete pod/nothere',
    'wait --local pod/busy --for=create',
    'wait --for=frob pod/busy',
    'drain nothere --skip-wait-for-delete-timeout=5',
  ];
  const templates = [
    '{{range .items}}{{.metadata.name}};{{end}}',
    '{{range $at, $pod := .items}}{{if $at}}, {{end}}{{$at}}={{$pod.metadata.name}}{{end}}',
    '{{- range .items -}} {{.kind}}/{{ .metadata.name | printf "%-12s" }}| {{- /* none */ -}} {{end}}',
    '{{len .items}} {{len .kind}} {{.nothing}} {{.nothing.at.all}} {{index .items 0 "kind"}}',
    '{{with index .items 0}}{{.metadata.name}}{{else}}none{{end}}{{with .nothing}}x{{else with .kind}}{{.}}{{end}}',
    '{{range .nothing}}x{{else}}empty{{end}}',
    '{{$names := ""}}{{range .items}}{{$names = print $names .metadata.name ","}}{{end}}{{$names}}',
    '{{range .items}}{{if eq .metadata.name "conf" "busy"}}{{continue}}{{end}}{{.metadata.name}}{{break}}{{end}}',
    '{{range .items}}{{range $key, $value := .data}}{{$key}}: {{$value}}{{"\\n"}}{{end}}{{end}}',
    '{{define "name"}}<{{.metadata.name}}>{{end}}{{range .items}}{{template "name" .}}{{end}}',
    '{{and 1 0}} {{or 0 "b"}} {{not true}} {{eq 1 1}} {{ne "a" "b"}} {{lt 1 2}} {{le 2.5 2.5}} {{gt "b" "a"}} {{ge 1 2}}',
    '{{printf "%s|%v|%5d|%05d|%-4s|%q|%t|%.2f|%x|%d%%" "a" .kind 42 42 "b" "c\\"" true 3.14159 255 1}}',
    '{{printf "%d" "x"}} {{printf "%s"}} {{printf "a" 1}} {{print 1 2 "a" 3}} {{println "a" 1}}',
    '{{html "<a href=\'b\'>&"}} {{js "it\'s <b>"}} {{urlquery "a b&c/d!"}} {{slice "abcdef" 1 3}}',
    '{{exists . "items" 0 "metadata"}} {{exists . "nope"}} {{"aGVsbG8=" | base64decode}}',
    '{{(index .items 0).metadata.name}} {{`raw {{`}} {{"\\t"}}{{1.5}} {{1e3}} {{0x1f}} {{true}}',
    '{{range $i := 3}}{{$i}}{{end}}',
    '{{range .items}}{{.metadata.labels}} {{.spec}}{{end}}',
    '{{.items | len | printf "%d items"}}',
    '{{.a',
    '{{foo .a}}',
    '{{if .a}}x',
    '{{index .items 99}}',
    '{{eq (len .items) 3.0}}',
    '{{range .kind}}x{{end}}',
    '{{.kind.x}}',
    '{{template "none"}}',
    '{{"!" | base64decode}}',
    '{{end}}',
    '{{break}}',
  ];
  for (const template of templates) {
    it(`get -o go-template=${template}`, async () => {
      const args = ['get', 'pods/busy', 'cm/conf', '-o', `go-template=${template}`];
      const theirs = await kubectl(server.kubeconfig, args);
      const ours = await dure(server.kubeconfig, args);
      assert.equal(ours.stderr, theirs.stderr);
      assert.equal(ours.code, theirs.code);
      // kubectl shows the template and the data when the template fails.
      assert.equal(ours.stdout, theirs.code === 0 ? theirs.stdout : '');
    });
  }

  for (const call of calls) {
    it(call, async () => {
      const args = call
        .replace('MANIFEST', manifest)
        .replaceAll('TLS', join(directory, 'tls'))
        .replace('LOCAL', join(directory, 'local.yaml'))
        .replace('{range.items', '{range .items')
        .split(/ (?!\.items)/);
      const theirs = ageless(await kubectl(server.kubeconfig, args));
      assert.deepEqual(ageless(await dure(server.kubeconfig, args)), theirs);
    });
  }
});
