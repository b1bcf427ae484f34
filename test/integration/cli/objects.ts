/** Objects that the command line's tests work on. */

export const MANIFEST = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: nginx:1
        ports: [{containerPort: 80, name: http}]
        env: [{name: A, value: "yes"}]
        resources: {requests: {cpu: 100m, memory: 64Mi}, limits: {memory: 128Mi}}
        readinessProbe: {httpGet: {path: /, port: 80}}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: http}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: conf, annotations: {note: "a: b"}}
data: {a: "1", "b.txt": "line1\\nline2\\n", c: "true", d: "x: y", e: "* star", f: "", g: " lead", h: "a <b> & c"}
---
apiVersion: v1
kind: Secret
metadata: {name: sec}
data: {p: aHVudGVyMg==}
---
apiVersion: v1
kind: Node
metadata: {name: n1, labels: {kubernetes.io/hostname: n1}}
spec: {taints: [{key: a, value: b, effect: NoSchedule}], podCIDR: 10.0.1.0/24}
---
apiVersion: v1
kind: Pod
metadata: {name: busy, labels: {app: busy}, annotations: {a: b}}
spec:
  nodeName: n1
  nodeSelector: {disk: ssd}
  tolerations: [{key: a, operator: Exists, effect: NoSchedule}]
  initContainers: [{name: i, image: "busybox:1", command: [sh, -c, "true"]}]
  containers:
  - name: c
    image: busybox
    args: ["100"]
    ports: [{containerPort: 80, name: http}, {containerPort: 53, protocol: UDP}]
    resources: {limits: {cpu: 500m, memory: 128Mi}, requests: {cpu: 250m, memory: 64Mi}}
    livenessProbe: {httpGet: {path: /healthz, port: http}, initialDelaySeconds: 3}
    env:
    - {name: P, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
    - {name: S, valueFrom: {secretKeyRef: {name: sec, key: p}}}
    - {name: R, valueFrom: {resourceFieldRef: {resource: limits.cpu}}}
    envFrom: [{configMapRef: {name: conf}}, {secretRef: {name: sec, optional: true}, prefix: X_}]
    volumeMounts: [{name: v, mountPath: /v}, {name: w, mountPath: /w, readOnly: true, subPath: x}]
  volumes:
  - {name: d, downwardAPI: {items: [{path: l, fieldRef: {fieldPath: metadata.labels}}, {path: m, resourceFieldRef: {containerName: c, resource: limits.memory}}]}}
  - {name: p, projected: {sources: [{secret: {name: sec, optional: true}}, {serviceAccountToken: {path: t}}]}}
  - {name: v, emptyDir: {}}
  - {name: w, configMap: {name: conf}}
  - {name: s, secret: {secretName: sec}}
  - {name: h, hostPath: {path: /tmp, type: Directory}}
`;

/** A pod whose container is killed again and again for using too much memory. */
export const POD_STATUS = {
  phase: 'Running',
  podIP: '10.0.1.5',
  podIPs: [{ ip: '10.0.1.5' }],
  hostIP: '10.0.0.1',
  startTime: '2026-01-01T00:00:00Z',
  conditions: [{ type: 'Ready', status: 'False', reason: 'ContainersNotReady', message: 'unready: [c]' }],
  containerStatuses: [
    {
      name: 'c',
      image: 'busybox',
      imageID: 'sha256:1',
      containerID: 'containerd://abc',
      ready: false,
      restartCount: 3,
      state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 40s' } },
      lastState: {
        terminated: {
          exitCode: 137,
          reason: 'OOMKilled',
          startedAt: '2026-01-01T00:01:00Z',
          finishedAt: '2026-01-01T00:02:00Z',
        },
      },
    },
  ],
};
