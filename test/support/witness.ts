/**
 * Who ran when, by the word of the pods themselves: each appends line after line to one file that all hosts share (they are on
 * one machine), with its name for itself and a count that it keeps in memory. A pod that ran twice would be in it twice.
 */
import { appendFileSync, mkdtempSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Container, Volume } from '../../api/types/core.v1.ts';
import { IMAGES } from '../../cli/local/images.ts';
import { eventually } from './eventually.ts';

export interface Testimony {
  /** The uid of the pod. */
  readonly uid: string;
  /** Of the process in its container. */
  readonly count: number;
}

export class Witness {
  private readonly directory = mkdtempSync(path.join(tmpdir(), 'dure-witness-'));

  /** What a pod's spec needs; the process ignores SIGTERM, and counts from 0 when it is started anew. */
  get spec(): { volumes: Volume[]; containers: Container[] } {
    const say = 'echo "$UID_ $i" >> /witness/lines';
    const command = ['sh', '-c', `trap "" TERM; i=0; while :; do ${say}; i=$((i+1)); sleep 0.02; done`];
    const fieldRef = { fieldPath: 'metadata.uid' };
    return {
      volumes: [{ name: 'witness', hostPath: { path: this.directory } }],
      containers: [
        {
          name: 'main',
          image: IMAGES.busybox,
          command,
          env: [{ name: 'UID_', valueFrom: { fieldRef } }],
          volumeMounts: [{ name: 'witness', mountPath: '/witness' }],
          resources: {},
        },
      ],
    };
  }

  /** In the order in which it was said. */
  lines(): Testimony[] {
    const lines = readFileSync(path.join(this.directory, 'lines'), 'utf8').trimEnd().split('\n');
    return lines.map((line) => {
      const [uid = '', count] = line.split(' ');
      return { uid, count: Number(count) };
    });
  }

  /** Whoever ran, one after the other; a uid is in it twice if it ran again after another one. */
  succession(): string[] {
    return this.lines().flatMap(({ uid }, index, all) => (all[index - 1]?.uid === uid ? [] : [uid]));
  }

  /** Resolves once the pod has said something that it had not said yet. */
  async goesOn(uid: string): Promise<void> {
    const count = (): number => this.lines().findLast((line) => line.uid === uid)?.count ?? -1;
    const before = count();
    await eventually(`${uid} goes on`, () => Promise.resolve(count() > before || undefined));
  }

  async remove(): Promise<void> {
    await rm(this.directory, { recursive: true });
  }

  /** There before any pod says anything. */
  open(): void {
    appendFileSync(path.join(this.directory, 'lines'), '');
  }
}
