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

  it('is not guessed when the class is gone', () => {
    assert.throws(() => runtimeHandlerOf(pod('gone'), classes), /runtimeclass\.node\.k8s\.io "gone" not found/);
  });
});
