/** The flags of `dure agent`. */
import { type Flag, type Values, list, number, oneOf, text } from '../lib/flags.ts';
import { LOG_LEVELS } from '../lib/log.ts';

function onOff(help: string): Flag<boolean> {
  const parse = (value: string): boolean => {
    if (value !== 'true' && value !== 'false') throw new Error('must be true or false');
    return value === 'true';
  };
  return { help, fallback: false, parse };
}

export const agentProgram = {
  name: 'dure agent',
  summary: 'Runs this node’s pods, its part of the network, its service rules and its DNS.',
  flags: {
    server: list('url', 'the web side of a server, such as https://10.0.0.1:6445; more than one may be given'),
    token: text('token', 'the join token; needed until the node is a member'),
    tokenFile: text('file', 'a file that holds the join token'),
    nodeName: text('name', 'the name of this node; the host name when not given'),
    nodeAddress: text('address', 'the address at which other nodes reach this one; found when not given'),
    nodeLabel: list('key=value', 'a label of the node'),
    dataDir: text('directory', 'what survives a restart of the machine', '/var/lib/dure/agent'),
    runDir: text('directory', 'what does not', '/run/dure'),
    logDir: text('directory', 'the logs of pods; below the data directory when not given'),
    volumeDir: text('directory', 'what is in provisioned volumes; below the data directory when not given'),
    containerdSocket: text('path', 'containerd’s socket', '/run/containerd/containerd.sock'),
    startContainerd: onOff('start and supervise an own containerd instead'),
    cniDir: text('directory', 'where containerd looks for network configurations', '/etc/cni/net.d'),
    pauseImage: text('image', 'the image of the process that holds a pod open', 'registry.k8s.io/pause:3.10'),
    registryMirror: list('registry=url', 'where the images of a registry really are'),
    cgroupRoot: text('path', 'the control group of all pods', '/dure'),
    allowedUnsafeSysctls: list('name', 'a kernel parameter that pods may set though it is not safe; may end in a star'),
    maxPods: number('count', 'how many pods this node takes', 110, [1, 1000]),
    imageGcHighThreshold: number('percent', 'how full the disk may be before unused images are removed', 85, [1, 100]),
    imageGcLowThreshold: number('percent', 'how full it may still be when that ends', 80, [0, 99]),
    webAddress: text('address', 'where metrics and health are served', '127.0.0.1'),
    webPort: number('port', 'the port of metrics and health', 10_250, [1, 65_535]),
    logLevel: oneOf(LOG_LEVELS, 'how much to log', 'info'),
  },
};

export type AgentFlags = Values<typeof agentProgram.flags>;
