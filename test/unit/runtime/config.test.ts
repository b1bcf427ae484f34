import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { status as Code } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';
import {
  containerdToml,
  defaultContainerdConfig,
  mayRaiseResourceLimits,
  writeContainerdConfig,
} from '../../../node-agent/runtime/config.ts';
import { toRuntimeError } from '../../../node-agent/runtime/grpc.ts';
import type { ContainerSecurity } from '../../../node-agent/runtime/port.ts';
import { canonicalReference } from '../../../node-agent/runtime/reference.ts';
import { containerMessage, sandboxMessage } from '../../../node-agent/runtime/requests.ts';
import { containerConfig, sandboxConfig } from '../../contract/runtime.ts';

describe("containerd's configuration", () => {
  const config = { ...defaultContainerdConfig('/var/lib/dure', '/run/dure'), sandboxImage: 'r.example:5000/pause:1' };

  it('keeps everything of one host in its own places', () => {
    const text = containerdToml(config, '/var/lib/dure/registries');
    assert.match(text, /^root = "\/var\/lib\/dure\/containerd"$/m);
    assert.match(text, /^address = "\/run\/dure\/containerd\/containerd.sock"$/m);
    assert.match(text, /^sandbox_image = "r.example:5000\/pause:1"$/m);
    assert.match(text, /^stream_server_address = "127.0.0.1"$/m);
    assert.match(text, /^SystemdCgroup = false$/m);
    assert.match(containerdToml({ ...config, cgroupDriver: 'systemd' }, '/r'), /^SystemdCgroup = true$/m);
  });

  it('restricts oom_score_adj where the machine does not let it be lowered', () => {
    assert.equal(mayRaiseResourceLimits('CapEff:\t000001ffffffffff\n'), true);
    assert.equal(mayRaiseResourceLimits('CapEff:\t000001fffeffffff\n'), false);
    assert.equal(mayRaiseResourceLimits('nothing of the kind'), false);
    assert.match(containerdToml({ ...config, restrictOomScoreAdj: true }, '/r'), /^restrict_oom_score_adj = true$/m);
  });

  it('tells where registries really are', () => {
    const directory = mkdtempSync(path.join(tmpdir(), 'containerd-config-'));
    try {
      const mirrors = { 'registry.dure.internal:5000': 'http://10.89.0.1:5000' };
      const file = writeContainerdConfig({ ...defaultContainerdConfig(directory, directory), mirrors });
      const registries = path.join(path.dirname(file), 'registries');
      assert.ok(readFileSync(file, 'utf8').includes(`config_path = "${registries}"`));
      const hosts = readFileSync(path.join(registries, 'registry.dure.internal:5000', 'hosts.toml'), 'utf8');
      assert.match(hosts, /^server = "http:\/\/10.89.0.1:5000"$/m);
      assert.match(hosts, /^\[host."http:\/\/10.89.0.1:5000"\]$/m);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

describe('CRI requests', () => {
  it('share what a sandbox says is shared', () => {
    const options = (change: Parameters<typeof sandboxConfig>[1]): unknown =>
      (sandboxMessage(sandboxConfig('/logs', change)) as { linux: { securityContext: { namespaceOptions: unknown } } })
        .linux.securityContext.namespaceOptions;
    assert.deepEqual(options({}), { network: 'POD', pid: 'CONTAINER', ipc: 'POD' });
    assert.deepEqual(options({ shareProcessNamespace: true, hostNetwork: true }), {
      network: 'NODE',
      pid: 'POD',
      ipc: 'POD',
    });
    assert.deepEqual(options({ hostPid: true, hostIpc: true }), { network: 'POD', pid: 'NODE', ipc: 'NODE' });
  });

  it('hide parts of /proc from all but privileged containers', () => {
    const sandbox = sandboxConfig('/logs');
    const ordinary = containerConfig('busybox', ['true']);
    const masked = (privileged: boolean): string[] => {
      const config = { ...ordinary, security: { ...ordinary.security, privileged } };
      const message = containerMessage(config, sandbox);
      return (message as { linux: { securityContext: { maskedPaths: string[] } } }).linux.securityContext.maskedPaths;
    };
    assert.ok(masked(false).includes('/proc/kcore'));
    assert.deepEqual(masked(true), []);
  });

  it('filter the system calls of a container that asks for it, never those of a privileged one', () => {
    const ordinary = containerConfig('busybox', ['true']);
    const filter = (security: Partial<ContainerSecurity>): string => {
      const config = { ...ordinary, security: { ...ordinary.security, ...security } };
      const message = containerMessage(config, sandboxConfig('/logs'));
      return (message as { linux: { securityContext: { seccomp: { profileType: string } } } }).linux.securityContext
        .seccomp.profileType;
    };
    assert.equal(filter({}), 'Unconfined');
    assert.equal(filter({ seccomp: 'RuntimeDefault' }), 'RuntimeDefault');
    assert.equal(filter({ seccomp: 'RuntimeDefault', privileged: true }), 'Unconfined');
  });
});

describe('errors of the runtime', () => {
  it('keep their words and say what they are', () => {
    const convert = (code: Code, details: string): [string, string] => {
      const error = toRuntimeError(Object.assign(new Error(details), { code, details }) as ServiceError);
      return [error.code, error.message];
    };
    assert.deepEqual(convert(Code.NOT_FOUND, 'no container'), ['NotFound', 'no container']);
    assert.deepEqual(convert(Code.UNAVAILABLE, 'gone'), ['Unavailable', 'gone']);
    assert.deepEqual(convert(Code.DEADLINE_EXCEEDED, 'late'), ['DeadlineExceeded', 'late']);
    const taken = 'failed to reserve sandbox name "a": name "a" is reserved for "b"';
    assert.deepEqual(convert(Code.UNKNOWN, taken), ['AlreadyExists', taken]);
    assert.deepEqual(convert(Code.UNKNOWN, 'what'), ['Other', 'what']);
  });
});

describe('image names', () => {
  it('are written out in full', () => {
    const digest = `sha256:${'a'.repeat(64)}`;
    const cases = {
      busybox: 'docker.io/library/busybox:latest',
      'busybox:1.36': 'docker.io/library/busybox:1.36',
      'library/busybox': 'docker.io/library/busybox:latest',
      'user/app:2': 'docker.io/user/app:2',
      'localhost/app': 'localhost/app:latest',
      'r.example:5000/a/b': 'r.example:5000/a/b:latest',
      [`busybox@${digest}`]: `docker.io/library/busybox@${digest}`,
      [digest]: digest,
    };
    for (const [short, full] of Object.entries(cases)) assert.equal(canonicalReference(short), full);
  });
});
