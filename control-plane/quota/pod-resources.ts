/** What a pod asks for and may use as a whole. */
import type { Quantity } from '../../api/machinery/quantity.ts';
import type { Container, Pod } from '../../api/types/core.v1.ts';
import { addAmounts, type Amounts, amountsOf, maxAmounts } from './amounts.ts';

const NOTHING: Amounts = new Map();

/** Containers run side by side, init containers one after the other before them; a sidecar runs beside all that follow. */
export function podAmounts({ spec }: Pod, which: 'requests' | 'limits'): Map<string, Quantity> {
  const amounts = (container: Container): Amounts => amountsOf(container.resources?.[which]);
  let sidecars: Amounts = NOTHING;
  let peak: Amounts = NOTHING;
  for (const container of spec.initContainers ?? []) {
    const wanted = addAmounts(sidecars, amounts(container));
    peak = maxAmounts(peak, wanted);
    if (container.restartPolicy === 'Always') sidecars = wanted;
  }
  const running = spec.containers.map(amounts).reduce(addAmounts, sidecars);
  const sum = maxAmounts(running, peak);
  const whole = new Map([...sum, ...amountsOf(spec.resources?.[which])]);
  return withOverhead(whole, amountsOf(spec.overhead), which);
}

/** What running the pod costs by itself; where nothing is limited it limits nothing. */
function withOverhead(amounts: Map<string, Quantity>, overhead: Amounts, which: string): Map<string, Quantity> {
  const counted = which === 'requests' ? overhead : new Map([...overhead].filter(([name]) => amounts.has(name)));
  return addAmounts(amounts, counted);
}
