import assert from 'node:assert/strict';
import { defaultPod, pullPolicyFor } from '../../../api/defaults/pod.ts';
import { defaultSecret } from '../../../api/defaults/other.ts';
import { defaultService } from '../../../api/defaults/service.ts';
import { defaultDeployment } from '../../../api/defaults/workloads.ts';
import type { Deployment } from '../../../api/types/apps.v1.ts';
import type { Pod, Secret, Service } from '../../../api/types/core.v1.ts';

describe('defaults', () => {
  it('pods', () => {
    const pod = {
      metadata: { name: 'a' },
      spec: {
        hostNetwork: true,
        serviceAccount: 'old',
        volumes: [{ name: 'a' }, { name: 'b', configMap: { name: 'm' } }, { name: 'c', hostPath: { path: '/x' } }],
        containers: [
          {
            name: 'main',
            image: 'app',
            ports: [{ containerPort: 80 }],
            env: [{ name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } }],
            resources: { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '500m' } },
            livenessProbe: { httpGet: { port: 80 } },
            lifecycle: { preStop: { httpGet: { port: 80 } } },
          },
        ],
      },
    } as unknown as Pod;
    defaultPod(pod);
    assert.deepEqual(pod.spec, {
      hostNetwork: true,
      serviceAccount: 'old',
      serviceAccountName: 'old',
      restartPolicy: 'Always',
      dnsPolicy: 'ClusterFirst',
      schedulerName: 'default-scheduler',
      terminationGracePeriodSeconds: 30,
      securityContext: {},
      enableServiceLinks: true,
      volumes: [
        { name: 'a', emptyDir: {} },
        { name: 'b', configMap: { name: 'm', defaultMode: 420 } },
        { name: 'c', hostPath: { path: '/x', type: '' } },
      ],
      containers: [
        {
          name: 'main',
          image: 'app',
          imagePullPolicy: 'Always',
          terminationMessagePath: '/dev/termination-log',
          terminationMessagePolicy: 'File',
          ports: [{ containerPort: 80, hostPort: 80, protocol: 'TCP' }],
          env: [{ name: 'IP', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'status.podIP' } } }],
          resources: { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '500m', memory: '1Gi' } },
          livenessProbe: {
            httpGet: { port: 80, path: '/', scheme: 'HTTP' },
            timeoutSeconds: 1,
            periodSeconds: 10,
            successThreshold: 1,
            failureThreshold: 3,
          },
          lifecycle: { preStop: { httpGet: { port: 80, path: '/', scheme: 'HTTP' } } },
        },
      ],
    });
    const once = JSON.stringify(pod);
    defaultPod(pod);
    assert.equal(JSON.stringify(pod), once);
  });

  it('pull policies by the tag', () => {
    const always = ['app', 'app:latest', 'host:5000/app', 'host:5000/a/app:latest'];
    const cached = ['app:1', 'host:5000/app:1', 'app@sha256:0123', 'app:latest@sha256:0123'];
    for (const image of always) assert.equal(pullPolicyFor(image), 'Always', image);
    for (const image of cached) assert.equal(pullPolicyFor(image), 'IfNotPresent', image);
  });

  it('deployments, whose templates are left without what only pods get', () => {
    const containers = [{ name: 'a', image: 'a:1', resources: { limits: { cpu: '1' } } }];
    const deployment = { metadata: {}, spec: { template: { spec: { containers } } } } as unknown as Deployment;
    defaultDeployment(deployment);
    const { template, ...spec } = deployment.spec;
    assert.deepEqual(spec, {
      replicas: 1,
      revisionHistoryLimit: 10,
      progressDeadlineSeconds: 600,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%' } },
    });
    assert.equal(template.spec.enableServiceLinks, undefined);
    assert.equal(template.spec.containers[0]?.resources.requests, undefined);
    assert.equal(template.spec.restartPolicy, 'Always');
  });

  it('services', () => {
    const service = { metadata: {}, spec: { ports: [{ port: 80 }], type: 'NodePort' } } as unknown as Service;
    defaultService(service);
    assert.deepEqual(service.spec, {
      type: 'NodePort',
      sessionAffinity: 'None',
      ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }],
      externalTrafficPolicy: 'Cluster',
      internalTrafficPolicy: 'Cluster',
    });
    const sticky = { metadata: {}, spec: { sessionAffinity: 'ClientIP' } } as unknown as Service;
    defaultService(sticky);
    assert.equal(sticky.spec.sessionAffinityConfig?.clientIP?.timeoutSeconds, 10_800);
    assert.equal(sticky.spec.externalTrafficPolicy, undefined);
  });

  it('secrets: stringData becomes data and is never kept', () => {
    const secret: Secret = { metadata: {}, data: { a: 'b2xk', b: 'Yg==' }, stringData: { a: 'new' } };
    defaultSecret(secret);
    assert.deepEqual(secret, { metadata: {}, type: 'Opaque', data: { a: 'bmV3', b: 'Yg==' } });
  });
});
