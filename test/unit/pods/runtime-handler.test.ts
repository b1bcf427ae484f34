import assert from 'node:assert/strict';
import type { Pod } from '../../../api/types/core.v1.ts';
import type { RuntimeClass } from '../../../api/types/node.v1.ts';
import { MapView } from '../../../lib/view.ts';
import { runtimeHandlerOf } from '../../../node-agent/pods/runtime-handler.ts';

describe('the runtime handler of a pod', () => {
  const classes = new MapView<RuntimeClass>();
  classes.set('sandboxed', { metadata: { name: 'sandboxed' }, handler: 'runsc' });
  const pod = (runtimeClassName?: string): Pod => ({ spec: { containers: [], runtimeClassName } }) as unknown as Pod;

  it('is what its class says, and the default without one', () => {
    assert.equal(runtimeHandlerOf(pod('sandboxed'), classes), 'runsc');
    assert.equal(runtimeHandlerOf(pod(), classes), '');
  });

  it('is refused to a pod that wants users of its own, by any runtime', () => {
    const own = (runtimeClassName?: string): Pod => {
      const { spec } = pod(runtimeClassName);
      return { spec: { ...spec, hostUsers: false } } as Pod;
    };
    const why = "can't set `spec.hostUsers: false`";
    assert.throws(() => runtimeHandlerOf(own(), classes), {
      message: `${why}, runtime does not support user namespaces`,
    });
    assert.throws(() => runtimeHandlerOf(own('sandboxed'), classes), {
      message: `${why}, RuntimeClass handler "runsc" does not support user namespaces`,
    });
  });

  it('is not guessed when the class is gone', () => {
    assert.throws(() => runtimeHandlerOf(pod('gone'), classes), /runtimeclass\.node\.k8s\.io "gone" not found/);
  });
});
