/** Has a volume made for a claim: a directory on a node by ourselves, anything else by whoever the class names. */
import { kinds } from '../../../api/kinds.ts';
import { DATA_FINALIZER, HOSTNAME_LABEL, LOCAL_DRIVER, PROVISIONED_BY } from '../../../api/machinery/local-volumes.ts';
import {
  SELECTED_NODE,
  STORAGE_PROVISIONER,
  STORAGE_PROVISIONER_BETA,
  allowsTopology,
  claimRefTo,
  classOfClaim,
  waitsForConsumer,
  whyNotLocal,
} from '../../../api/machinery/persistent-volumes.ts';
import type { Node, PersistentVolume, PersistentVolumeClaim } from '../../../api/types/core.v1.ts';
import type { StorageClass } from '../../../api/types/storage.v1.ts';
import { type Action, targetOf } from '../actions.ts';
import type { ClaimSnapshot } from './snapshot.ts';
import { telling } from './tell.ts';

/** Provisioners that are part of Kubernetes itself; the one that makes nothing is one of them. */
const IN_TREE = 'kubernetes.io/';

export function planProvision(snapshot: ClaimSnapshot): readonly Action[] {
  const { claim, storageClass } = snapshot;
  if (!storageClass) return [failure(claim, `storageclass.storage.k8s.io "${classOfClaim(claim)}" not found`)];
  const { provisioner } = storageClass;
  if (provisioner === LOCAL_DRIVER) return planLocal(snapshot, storageClass);
  if (provisioner.startsWith(IN_TREE)) {
    return [failure(claim, `no volume plugin matched name: ${provisioner}`)];
  }
  return planExternal(claim, provisioner);
}

function failure(claim: PersistentVolumeClaim, message: string): Action {
  return telling(claim, 'Warning', 'ProvisioningFailed', message);
}

function planExternal(claim: PersistentVolumeClaim, provisioner: string): readonly Action[] {
  const actions: Action[] = [];
  const annotations = { [STORAGE_PROVISIONER]: provisioner, [STORAGE_PROVISIONER_BETA]: provisioner };
  const present = claim.metadata.annotations;
  if (Object.keys(annotations).some((name) => present?.[name] !== provisioner)) {
    const target = targetOf(kinds.persistentvolumeclaims, claim);
    const { resourceVersion = '' } = claim.metadata;
    const why = 'its class names this provisioner';
    actions.push({ do: 'patch', target, patch: { metadata: { annotations } }, resourceVersion, why });
  }
  const message =
    `Waiting for a volume to be created either by the external provisioner '${provisioner}' or manually by the system ` +
    'administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.';
  return [...actions, telling(claim, 'Normal', 'ExternalProvisioning', message)];
}

function planLocal({ claim, selected, nodes }: ClaimSnapshot, storageClass: StorageClass): readonly Action[] {
  const fail = (why: string): Action =>
    failure(claim, `failed to provision volume with StorageClass "${storageClass.metadata.name}": ${why}`);
  const impossible = whyNotLocal(claim);
  if (impossible) return [fail(impossible)];
  if (!waitsForConsumer(storageClass)) {
    const node = nodes().find((each) => whyNotOn(each, storageClass) === undefined);
    return node ? [make(claim, storageClass, node)] : [fail('no node is ready to take it')];
  }
  const name = claim.metadata.annotations?.[SELECTED_NODE] ?? '';
  const wrong = selected ? whyNotOn(selected, storageClass) : `node "${name}" not found`;
  if (selected && !wrong) return [make(claim, storageClass, selected)];
  return [fail(wrong ?? ''), reschedule(claim)];
}

function whyNotOn({ metadata: { name, labels } }: Node, { allowedTopologies }: StorageClass): string | undefined {
  if (!labels?.[HOSTNAME_LABEL]) return `node "${name}" has no label ${HOSTNAME_LABEL}`;
  return allowsTopology(allowedTopologies, labels) ? undefined : `node "${name}" is in none of the allowed topologies`;
}

/** The scheduler takes it as the word that it should look for another node. */
function reschedule(claim: PersistentVolumeClaim): Action {
  const { resourceVersion = '' } = claim.metadata;
  return {
    do: 'patch',
    target: targetOf(kinds.persistentvolumeclaims, claim),
    patch: { metadata: { annotations: { [SELECTED_NODE]: null } } },
    resourceVersion,
    why: 'no volume can be made on the node that was chosen',
  };
}

function make(claim: PersistentVolumeClaim, storageClass: StorageClass, node: Node): Action {
  const object = localVolume(claim, storageClass, node);
  const message = `Successfully provisioned volume ${object.metadata.name}`;
  const { event } = telling(claim, 'Normal', 'ProvisioningSucceeded', message);
  const why = `the claim ${claim.metadata.namespace}/${claim.metadata.name} needs it`;
  return { do: 'create', kind: kinds.persistentvolumes, object, event, why };
}

/** A directory on the node, kept for the claim from its beginning. The agent makes it when a pod first uses it. */
function localVolume(claim: PersistentVolumeClaim, storageClass: StorageClass, node: Node): PersistentVolume {
  const volumeName = `pvc-${claim.metadata.uid}`;
  const hostname = node.metadata.labels?.[HOSTNAME_LABEL] ?? '';
  const { mountOptions, reclaimPolicy = 'Delete' } = storageClass;
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: {
      name: volumeName,
      annotations: { [PROVISIONED_BY]: LOCAL_DRIVER },
      finalizers: [DATA_FINALIZER],
    },
    spec: {
      capacity: { storage: claim.spec.resources.requests?.['storage'] ?? '0' },
      accessModes: claim.spec.accessModes ?? [],
      persistentVolumeReclaimPolicy: reclaimPolicy,
      storageClassName: storageClass.metadata.name ?? '',
      volumeMode: 'Filesystem',
      ...(mountOptions ? { mountOptions } : {}),
      csi: { driver: LOCAL_DRIVER, volumeHandle: volumeName },
      claimRef: claimRefTo(claim),
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [{ matchExpressions: [{ key: HOSTNAME_LABEL, operator: 'In', values: [hostname] }] }],
        },
      },
    },
    status: {},
  };
}
