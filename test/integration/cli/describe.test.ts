/** `describe` of each kind, by kubectl and by us, on one API server: the same output. */
import assert from 'node:assert/strict';
import { TestServer } from '../../support/api-server.ts';
import { dure } from '../../support/dure.ts';
import { kubectl } from '../../support/kubectl.ts';
import { DESCRIBED, statusPatches } from './described.ts';

describe('describe, like kubectl', function () {
  this.timeout(60_000);
  let server: TestServer;

  before(async () => {
    server = await TestServer.start({ roles: true });
    const applied = await kubectl(server.kubeconfig, ['create', '-f', '-'], DESCRIBED);
    assert.equal(applied.code, 0, applied.stderr);
    for (const [what, status] of statusPatches) {
      const patch = [
        'patch',
        ...what.split('/'),
        '--subresource=status',
        '--type=merge',
        '-p',
        JSON.stringify({ status }),
      ];
      const patched = await kubectl(server.kubeconfig, patch);
      assert.equal(patched.code, 0, patched.stderr);
    }
  });

  after(() => server.stop());

  /** Ages grow between two calls. */
  const ageless = (text: string): string => text.replaceAll(/\blasts \d+s/g, 'lasts AGE');

  const things = [
    'namespace/default',
    'resourcequota/scoped',
    'limitrange/usual',
    'role/mixed',
    'clusterrole/system:node',
    'clusterrole/cluster-admin',
    'rolebinding/mixed',
    'clusterrolebinding/cluster-admin',
    'serviceaccount/puller',
    'pv/disk',
    'pv/remote',
    'pv/free',
    'pvc/bound',
    'pvc/waiting',
    'storageclass/fast',
    'statefulset/db',
    'daemonset/agent',
    'replicationcontroller/old',
    'job/once',
    'job/many',
    'cronjob/nightly',
    'pod/volumes',
    'ingress/web',
    'ingress/plain',
    'ingressclass/outer',
    'networkpolicy/strict',
    'networkpolicy/open',
    'hpa/web',
    'pdb/web',
    'priorityclass/high',
    'endpoints/manual',
    'endpointslice/manual',
    'csr/alice',
    'crd/widgets.example.com',
    'lease/mine',
    'controllerrevision/first',
    'validatingwebhookconfiguration/hook',
  ];
  for (const thing of things) {
    it(thing, async () => {
      const args = ['describe', thing];
      const theirs = await kubectl(server.kubeconfig, args);
      assert.equal(theirs.code, 0, theirs.stderr);
      const ours = await dure(server.kubeconfig, args);
      assert.equal(ours.stderr, theirs.stderr);
      assert.equal(ageless(ours.stdout), ageless(theirs.stdout));
    });
  }
});
