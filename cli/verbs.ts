/** The verbs: what the list of them says, and how each is loaded. */
import type { CommandModule } from './command.ts';

export interface Verb {
  readonly section: string;
  readonly summary: string;
  load(): Promise<CommandModule>;
}

export const verbs: Readonly<Record<string, Verb>> = {
  create: {
    section: 'Basics',
    summary: 'Create a resource from a file or from stdin',
    load: async () => (await import('./commands/create.ts')).command,
  },
  expose: {
    section: 'Basics',
    summary: 'Take a deployment, pod or service and expose it as a new service',
    load: async () => (await import('./commands/expose.ts')).command,
  },
  run: {
    section: 'Basics',
    summary: 'Run a particular image on the cluster',
    load: async () => (await import('./commands/run.ts')).command,
  },
  set: {
    section: 'Basics',
    summary: 'Set specific features on objects',
    load: async () => (await import('./commands/set.ts')).command,
  },
  explain: {
    section: 'Basics',
    summary: 'Get documentation for a resource',
    load: async () => (await import('./commands/explain.ts')).command,
  },
  get: {
    section: 'Basics',
    summary: 'Display one or many resources',
    load: async () => (await import('./commands/get.ts')).command,
  },
  edit: {
    section: 'Basics',
    summary: 'Edit a resource on the server',
    load: async () => (await import('./commands/edit.ts')).command,
  },
  delete: {
    section: 'Basics',
    summary: 'Delete resources by file names, stdin, resources and names, or by resources and label selector',
    load: async () => (await import('./commands/delete.ts')).command,
  },
  rollout: {
    section: 'Deploy',
    summary: 'Manage the rollout of a resource',
    load: async () => (await import('./commands/rollout.ts')).command,
  },
  scale: {
    section: 'Deploy',
    summary: 'Set a new size for a deployment or replica set',
    load: async () => (await import('./commands/scale.ts')).command,
  },
  autoscale: {
    section: 'Deploy',
    summary: 'Auto-scale a deployment, replica set, stateful set, or replication controller',
    load: async () => (await import('./commands/autoscale.ts')).command,
  },
  'cluster-info': {
    section: 'Cluster',
    summary: 'Display cluster information',
    load: async () => (await import('./commands/cluster-info.ts')).command,
  },
  top: {
    section: 'Cluster',
    summary: 'Display resource (CPU/memory) usage',
    load: async () => (await import('./commands/top.ts')).command,
  },
  cordon: {
    section: 'Cluster',
    summary: 'Mark node as unschedulable',
    load: async () => (await import('./commands/cordon.ts')).command,
  },
  uncordon: {
    section: 'Cluster',
    summary: 'Mark node as schedulable',
    load: async () => (await import('./commands/uncordon.ts')).command,
  },
  drain: {
    section: 'Cluster',
    summary: 'Drain node in preparation for maintenance',
    load: async () => (await import('./commands/drain.ts')).command,
  },
  taint: {
    section: 'Cluster',
    summary: 'Update the taints on one or more nodes',
    load: async () => (await import('./commands/taint.ts')).command,
  },
  why: {
    section: 'Troubleshooting',
    summary: 'Say in plain words why a pod, workload, service or claim is not ready, and what would help',
    load: async () => (await import('./commands/why.ts')).command,
  },
  describe: {
    section: 'Troubleshooting',
    summary: 'Show details of a specific resource or group of resources',
    load: async () => (await import('./commands/describe.ts')).command,
  },
  logs: {
    section: 'Troubleshooting',
    summary: 'Print the logs for a container in a pod',
    load: async () => (await import('./commands/logs.ts')).command,
  },
  attach: {
    section: 'Troubleshooting',
    summary: 'Attach to a running container',
    load: async () => (await import('./commands/attach.ts')).command,
  },
  exec: {
    section: 'Troubleshooting',
    summary: 'Execute a command in a container',
    load: async () => (await import('./commands/exec.ts')).command,
  },
  debug: {
    section: 'Troubleshooting',
    summary: 'Create debugging sessions for troubleshooting workloads and nodes',
    load: async () => (await import('./commands/debug.ts')).command,
  },
  certificate: {
    section: 'Cluster',
    summary: 'Modify certificate resources',
    load: async () => (await import('./commands/certificate.ts')).command,
  },
  'port-forward': {
    section: 'Troubleshooting',
    summary: 'Forward one or more local ports to a pod',
    load: async () => (await import('./commands/port-forward.ts')).command,
  },
  cp: {
    section: 'Troubleshooting',
    summary: 'Copy files and directories to and from containers',
    load: async () => (await import('./commands/cp.ts')).command,
  },
  proxy: {
    section: 'Troubleshooting',
    summary: 'Run a proxy to the Kubernetes API server',
    load: async () => (await import('./commands/proxy.ts')).command,
  },
  events: {
    section: 'Troubleshooting',
    summary: 'List events',
    load: async () => (await import('./commands/events.ts')).command,
  },
  auth: {
    section: 'Troubleshooting',
    summary: 'Inspect authorization',
    load: async () => (await import('./commands/auth.ts')).command,
  },
  diff: {
    section: 'Advanced',
    summary: 'Diff the live version against a would-be applied version',
    load: async () => (await import('./commands/diff.ts')).command,
  },
  apply: {
    section: 'Advanced',
    summary: 'Apply a configuration to a resource by file name or stdin',
    load: async () => (await import('./commands/apply.ts')).command,
  },
  patch: {
    section: 'Advanced',
    summary: 'Update fields of a resource',
    load: async () => (await import('./commands/patch.ts')).command,
  },
  replace: {
    section: 'Advanced',
    summary: 'Replace a resource by file name or stdin',
    load: async () => (await import('./commands/replace.ts')).command,
  },
  kustomize: {
    section: 'Advanced',
    summary: 'Build a kustomization target from a directory',
    load: async () => (await import('./commands/kustomize.ts')).command,
  },
  wait: {
    section: 'Advanced',
    summary: 'Wait for a specific condition on one or many resources',
    load: async () => (await import('./commands/wait.ts')).command,
  },
  label: {
    section: 'Settings',
    summary: 'Update the labels on a resource',
    load: async () => (await import('./commands/label.ts')).command,
  },
  annotate: {
    section: 'Settings',
    summary: 'Update the annotations on a resource',
    load: async () => (await import('./commands/annotate.ts')).command,
  },
  completion: {
    section: 'Settings',
    summary: 'Output shell completion code for the specified shell (bash, zsh or fish)',
    load: async () => (await import('./commands/completion.ts')).command,
  },
  up: {
    section: 'Local clusters',
    summary: 'Start a local cluster of several hosts on this machine',
    load: async () => (await import('./commands/up.ts')).command,
  },
  down: {
    section: 'Local clusters',
    summary: 'Remove a local cluster and every trace of it',
    load: async () => (await import('./commands/down.ts')).command,
  },
  host: {
    section: 'Local clusters',
    summary: 'List, kill, cut, heal and start the hosts of a local cluster',
    load: async () => (await import('./commands/host.ts')).command,
  },
  kubeconfig: {
    section: 'Local clusters',
    summary: "Print the path of a local cluster's kubeconfig",
    load: async () => (await import('./commands/kubeconfig.ts')).command,
  },
  'api-resources': {
    section: 'Other',
    summary: 'Print the supported API resources on the server',
    load: async () => (await import('./commands/api-resources.ts')).command,
  },
  'api-versions': {
    section: 'Other',
    summary: 'Print the supported API versions on the server, in the form of "group/version"',
    load: async () => (await import('./commands/api-versions.ts')).command,
  },
  config: {
    section: 'Other',
    summary: 'Modify kubeconfig files',
    load: async () => (await import('./commands/config.ts')).command,
  },
  plugin: {
    section: 'Other',
    summary: 'Provides utilities for interacting with plugins',
    load: async () => (await import('./commands/plugin.ts')).command,
  },
  version: {
    section: 'Other',
    summary: 'Print the client and server version information',
    load: async () => (await import('./commands/version.ts')).command,
  },
};
