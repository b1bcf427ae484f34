/** Objects of the kinds that `describe` knows, with what is seldom said. */

export const DESCRIBED = `
apiVersion: v1
kind: ResourceQuota
metadata: {name: scoped}
spec: {hard: {pods: "100", requests.memory: 1Ti}, scopes: [NotTerminating, NotBestEffort]}
---
apiVersion: v1
kind: ResourceQuota
metadata: {name: all}
spec: {hard: {configmaps: "100"}}
---
apiVersion: v1
kind: LimitRange
metadata: {name: usual}
spec:
  limits:
  - {type: Container, default: {memory: 64Mi}}
  - {type: PersistentVolumeClaim, min: {storage: 1Mi}, max: {storage: 1Ti}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: mixed, labels: {a: b}, annotations: {long: "one: two"}}
rules:
- {apiGroups: ["", apps], resources: [pods, pods/log, deployments], verbs: [get, list]}
- {apiGroups: [""], resources: [pods], verbs: [watch]}
- {apiGroups: [""], resources: [secrets], resourceNames: [b, a], verbs: [get]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: mixed}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: mixed}
subjects:
- {kind: User, name: alice, apiGroup: rbac.authorization.k8s.io}
- {kind: ServiceAccount, name: puller, namespace: default}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: puller}
imagePullSecrets: [{name: one}, {name: two}]
---
apiVersion: v1
kind: PersistentVolume
metadata: {name: disk}
spec:
  capacity: {storage: 1Gi}
  accessModes: [ReadWriteOnce, ReadOnlyMany]
  storageClassName: fast
  claimRef: {namespace: default, name: bound}
  local: {path: /data}
  nodeAffinity:
    required:
      nodeSelectorTerms:
      - matchExpressions:
        - {key: kubernetes.io/hostname, operator: In, values: [n1, n2]}
        - {key: disk, operator: Exists}
---
apiVersion: v1
kind: PersistentVolume
metadata: {name: remote}
spec:
  capacity: {storage: 1Gi}
  accessModes: [ReadWriteMany]
  csi: {driver: d.example, volumeHandle: v1, volumeAttributes: {a: b, c: d}}
---
apiVersion: v1
kind: PersistentVolume
metadata: {name: free}
spec: {capacity: {storage: 5Gi}, accessModes: [ReadWriteMany], hostPath: {path: /srv}, volumeMode: Filesystem}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: bound, labels: {a: b}}
spec:
  accessModes: [ReadWriteOnce]
  volumeName: disk
  storageClassName: fast
  resources: {requests: {storage: 1Gi}}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: waiting}
spec:
  accessModes: [ReadWriteOnce]
  storageClassName: ""
  resources: {requests: {storage: 1Gi}}
  dataSource: {kind: PersistentVolumeClaim, name: bound}
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: fast, annotations: {storageclass.kubernetes.io/is-default-class: "true"}}
provisioner: d.example
parameters: {type: ssd, zone: a}
mountOptions: [noatime, ro]
allowVolumeExpansion: true
allowedTopologies:
- matchLabelExpressions: [{key: zone, values: [a, b]}, {key: rack, values: ["1"]}]
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: db
  replicas: 3
  selector: {matchLabels: {app: db}}
  updateStrategy: {type: RollingUpdate, rollingUpdate: {partition: 1}}
  template:
    metadata: {labels: {app: db}}
    spec:
      priorityClassName: high
      containers: [{name: db, image: "db:1"}]
      topologySpreadConstraints:
      - {topologyKey: zone, maxSkew: 1, whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {app: db}}}
      - {topologyKey: host, maxSkew: 2, whenUnsatisfiable: ScheduleAnyway, labelSelector: {matchLabels: {app: db}}}
  volumeClaimTemplates:
  - metadata: {name: data, labels: {a: b, c: d}}
    spec: {accessModes: [ReadWriteOnce], storageClassName: fast, resources: {requests: {storage: 1Gi}}}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent}
spec:
  selector: {matchLabels: {app: agent}}
  template:
    metadata: {labels: {app: agent}}
    spec: {nodeSelector: {disk: ssd}, containers: [{name: agent, image: "agent:1"}]}
---
apiVersion: v1
kind: ReplicationController
metadata: {name: old}
spec:
  replicas: 2
  selector: {app: old}
  template:
    metadata: {labels: {app: old}}
    spec:
      containers: [{name: c, image: "c:1"}]
      volumes:
      - {name: claim, persistentVolumeClaim: {claimName: bound, readOnly: true}}
      - {name: nfs, nfs: {server: s.example, path: /x}}
      - {name: csi, csi: {driver: d.example, volumeAttributes: {a: b, c: d}}}
      - {name: host, hostPath: {path: /x}}
      - name: short
        ephemeral:
          volumeClaimTemplate:
            spec: {accessModes: [ReadWriteOnce], storageClassName: fast, resources: {requests: {storage: 1Gi}}}
---
apiVersion: batch/v1
kind: Job
metadata: {name: once}
spec:
  ttlSecondsAfterFinished: 100
  activeDeadlineSeconds: 60
  template: {spec: {restartPolicy: Never, containers: [{name: c, image: "c:1"}]}}
---
apiVersion: batch/v1
kind: Job
metadata: {name: many}
spec:
  completionMode: Indexed
  completions: 100
  parallelism: 3
  suspend: true
  template: {spec: {restartPolicy: Never, containers: [{name: c, image: "c:1"}]}}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly}
spec:
  schedule: "0 3 * * *"
  timeZone: Etc/UTC
  startingDeadlineSeconds: 30
  jobTemplate:
    spec: {parallelism: 2, template: {spec: {restartPolicy: Never, containers: [{name: c, image: "c:1"}]}}}
---
apiVersion: v1
kind: Pod
metadata: {name: volumes}
spec:
  containers: [{name: c, image: "c:1", resources: {requests: {memory: 1Mi}}}]
  volumes:
  - {name: host, hostPath: {path: /x}}
  topologySpreadConstraints:
  - {topologyKey: zone, maxSkew: 1, whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {app: db}}}
  - {topologyKey: host, maxSkew: 2, whenUnsatisfiable: ScheduleAnyway, labelSelector: {matchLabels: {app: db}}}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, name: http}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, annotations: {a: b}}
spec:
  ingressClassName: outer
  tls: [{hosts: [a.example, b.example], secretName: cert}, {hosts: [c.example]}]
  defaultBackend: {resource: {apiGroup: example.com, kind: Bucket, name: b}}
  rules:
  - host: a.example
    http:
      paths:
      - {path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}
      - {path: /x, pathType: Exact, backend: {service: {name: web, port: {name: http}}}}
      - {path: /gone, pathType: Exact, backend: {service: {name: gone, port: {number: 1}}}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: plain}
spec: {defaultBackend: {service: {name: web, port: {number: 80}}}}
---
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: outer}
spec: {controller: example.com/outer, parameters: {apiGroup: example.com, kind: Parameters, name: p}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: strict, labels: {a: b}}
spec:
  podSelector: {matchLabels: {app: web}, matchExpressions: [{key: tier, operator: In, values: [a, b]}]}
  policyTypes: [Ingress, Egress]
  ingress:
  - ports: [{port: 80}, {port: 1000, endPort: 2000, protocol: UDP}]
    from:
    - {podSelector: {matchLabels: {app: client}}, namespaceSelector: {}}
    - {ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16, 10.2.0.0/16]}}
  - from: [{podSelector: {}}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: open}
spec: {podSelector: {}, ingress: [{}]}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  maxReplicas: 5
  metrics:
  - {type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 50}}}
  - {type: Resource, resource: {name: memory, target: {type: AverageValue, averageValue: 100Mi}}}
  - {type: ContainerResource, containerResource: {name: cpu, container: c, target: {type: Utilization, averageUtilization: 5}}}
  - {type: Pods, pods: {metric: {name: rate}, target: {type: AverageValue, averageValue: "10"}}}
  - {type: External, external: {metric: {name: queue}, target: {type: AverageValue, averageValue: "10"}}}
  - {type: External, external: {metric: {name: queue}, target: {type: Value, value: "10"}}}
  - type: Object
    object:
      metric: {name: hits}
      describedObject: {apiVersion: networking.k8s.io/v1, kind: Ingress, name: web}
      target: {type: Value, value: 2k}
  behavior:
    scaleDown: {stabilizationWindowSeconds: 60, policies: [{type: Pods, value: 1, periodSeconds: 15}]}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web}
spec: {maxUnavailable: 25%, selector: {matchLabels: {app: web}}}
---
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: {name: high, annotations: {a: b}}
value: 1000
description: Before others.
---
apiVersion: v1
kind: Endpoints
metadata: {name: manual}
subsets:
- {addresses: [{ip: 10.0.0.1}, {ip: 10.0.0.2}], ports: [{port: 80, name: w}, {port: 81, name: x, protocol: UDP}]}
- {notReadyAddresses: [{ip: 10.0.0.3}], ports: [{port: 80}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: manual}
addressType: IPv4
ports: [{port: 80, name: http}]
endpoints:
- {addresses: [10.0.0.1], nodeName: n1, zone: z, hostname: h, targetRef: {kind: Pod, name: p}}
- {addresses: [10.0.0.2], conditions: {ready: false}}
---
apiVersion: certificates.k8s.io/v1
kind: CertificateSigningRequest
metadata: {name: alice, labels: {a: b}}
spec:
  signerName: example.com/signer
  expirationSeconds: 86400
  usages: [client auth]
  request: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlJQzRUQ0NBY2tDQVFBd1NURU5NQXNHQTFVRUNnd0VaR1YyY3pFTU1Bb0dBMVVFQ2d3RGIzQnpNUTB3Q3dZRApWUVFMREFSMWJtbDBNUXN3Q1FZRFZRUUdFd0pMVWpFT01Bd0dBMVVFQXd3RllXeHBZMlV3Z2dFaU1BMEdDU3FHClNJYjNEUUVCQVFVQUE0SUJEd0F3Z2dFS0FvSUJBUURyMEF4TXBlemx0VEhmSG5OOUxIUnVIbzhId3Q5TzZ5K3cKYkJ4aktsN0czejd4c3B3c0hVbzMwQmxnQkdwaExXY1BLMzZ5RDZkRVlGS3hUNHRQaWV6VkxUdHhQdnprTGUxTgo4Qko5dTRQajM5ZkszYllJSHdoUWMyUERzSzR5Wk1LUGpacjZOSHNrcnBnMm5iMmRuSTRENDFudmU0eTVCcEhQCmExNy9LNUhwOVNGS2ZQN1p1cS9mTFBuN0lGbElTZlZQNHFoZnhSbUlnaVdWUHg0OVdieUs0eUovTnFTelkzbGYKQXBObWNQVjhYS1NVbFh4blFrYlVFaFVTNm5MNFc1OHRRbHdidnNhdnhaMUZ0WnorK0szaldqRlNsMld0WSswMQpsU09wcGNzdXlrOUpzOVczc3A1MkNRR1d1N3pPQVJURmVWK3llS1p1Sk9JdUtWcjdJZHc3QWdNQkFBR2dVekJSCkJna3Foa2lHOXcwQkNRNHhSREJDTUVBR0ExVWRFUVE1TURlQ0NXRXVaWGhoYlhCc1pZSUpZaTVsZUdGdGNHeGwKaHdRS0FBQUJnUXRoUUdJdVpYaGhiWEJzWllZTWMzQnBabVpsT2k4dmVDOTVNQTBHQ1NxR1NJYjNEUUVCQ3dVQQpBNElCQVFDL3BESHErUnJIWEt6aUJ6Z1ptY3VOaFVPMW5ZQklXWjBkZ2Y3SXlLR2tDQjZDYzVkTDlJT3I0MmloCksxSkx1aTNnOTVVd3dVN3VlNkJzOWsyRzkrMnJyeGZoWllVUG1FVXpHdHJoa3VjT3JYOU9FVkhTWFI4Tm54c3IKOFhRQmZsSGxHY3EwVEdKVzJSRUF2T3BuQ0dvQVE2UGRWRmZVTDhPeGJSZDV4djVHNlpUMmtxb1c1UU5hM281YgpMdnpQV0pNSXNnMUk0TzgzbUFEZE9UZ1BhYWN1YTVsZ3BQd0lXRlVLMEhBR1JYaXFpcVhSR3hoQytPUGJuZHdDClpyS1BodVVvYTM0bFlsRWFtR0lBYm5xQlU4SkVxdlA5Mk15bndhSGtheFdNbUZyZmhZOHNrQUlML09WTjJlWFgKN2NzYkdKUkNHSGtwbzFiRm5aVnU0bzBwWWJHTwotLS0tLUVORCBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0K
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {plural: widgets, kind: Widget}
  versions:
  - name: v1
    served: true
    storage: true
    additionalPrinterColumns: [{name: Size, type: integer, jsonPath: .spec.size}]
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec: {type: object, x-kubernetes-preserve-unknown-fields: true, properties: {sizeMB: {type: number, minimum: 0.5}}}
---
apiVersion: coordination.k8s.io/v1
kind: Lease
metadata: {name: mine}
spec: {holderIdentity: me, leaseDurationSeconds: 15}
---
apiVersion: apps/v1
kind: ControllerRevision
metadata: {name: first}
revision: 1
data: {spec: {podCIDRs: [a, b], nothing: null, nested: [[1, 2]], empty: {}, dnsPolicy: x, apiURL: y, v1beta1Name: z}}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: hook}
webhooks:
- name: hook.example.com
  sideEffects: None
  failurePolicy: Ignore
  admissionReviewVersions: [v1]
  clientConfig: {service: {namespace: default, name: web}}
  namespaceSelector: {matchLabels: {hooked: "true"}}
`;

/** By kind and name: what stands in the status. */
export const statusPatches: readonly (readonly [string, object])[] = [
  ['pvc/bound', { phase: 'Bound', accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' } }],
  ['pv/disk', { phase: 'Bound' }],
  ['ingress/web', { loadBalancer: { ingress: [{ ip: '10.0.0.9' }, { hostname: 'lb.example' }] } }],
  [
    'job/once',
    {
      active: 0,
      succeeded: 1,
      ready: 0,
      startTime: '2026-01-01T00:00:00Z',
      completionTime: '2026-01-01T00:02:10Z',
      uncountedTerminatedPods: {},
      conditions: ['SuccessCriteriaMet', 'Complete'].map((type) => ({
        type,
        status: 'True',
        lastTransitionTime: '2026-01-01T00:02:10Z',
      })),
    },
  ],
  ['cronjob/nightly', { active: [{ kind: 'Job', name: 'nightly-1' }], lastScheduleTime: '2026-01-01T03:00:00Z' }],
  [
    'hpa/web',
    {
      currentReplicas: 2,
      desiredReplicas: 3,
      currentMetrics: [
        { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 80, averageValue: '80m' } } },
      ],
      conditions: [{ type: 'AbleToScale', status: 'True', reason: 'ReadyForNewScale', message: 'ready' }],
    },
  ],
  ['pdb/web', { disruptionsAllowed: 1, currentHealthy: 3, desiredHealthy: 2, expectedPods: 3, observedGeneration: 1 }],
  [
    'replicationcontroller/old',
    { replicas: 2, conditions: [{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate' }] },
  ],
];
