import { canonicalQuantity } from '../../api/machinery/quantity.ts';
import type { Container } from '../../api/types/core.v1.ts';
import { defineCommand } from '../command.ts';
import { CommandError } from '../errors.ts';
import { list, textOr } from '../flags.ts';
import { changeEach, podSpecOf, setFlags, type WithTemplate } from './change.ts';

export const resources = defineCommand({
  summary: 'Update resource requests and limits of pod templates',
  usage: '(-f FILENAME | TYPE NAME) ([--limits=LIMITS & --requests=REQUESTS])',
  examples: ['dure set resources deployment web -c=nginx --limits=cpu=200m,memory=512Mi'],
  flags: {
    ...setFlags,
    containers: textOr('*', 'The names of containers in the selected pod templates to change', { short: 'c' }),
    limits: list('The resource limits, such as cpu=100m,memory=256Mi'),
    requests: list('The resource requests, such as cpu=100m,memory=256Mi'),
  },
  async run({ args, flags, session }) {
    const [limits, requests] = [amountsOf(flags.limits), amountsOf(flags.requests)];
    if (!limits && !requests) {
      throw new CommandError('you must specify an update to requests or limits (in the form of --requests/--limits)');
    }
    const change = { resources: { ...(limits ? { limits } : {}), ...(requests ? { requests } : {}) } };
    await changeEach<WithTemplate>(args, { flags, session, done: 'resource requirements updated' }, (selected) => {
      const { spec, wrap } = podSpecOf(selected);
      const isMeant = ({ name }: Container): boolean => flags.containers === '*' || flags.containers === name;
      const [containers, initContainers] = [spec.containers, spec.initContainers ?? []].map((own) =>
        own.filter(isMeant).map(({ name }) => ({ name, ...change })),
      );
      if (containers?.length === 0 && initContainers?.length === 0) {
        throw new CommandError(`unable to find container named ${flags.containers}`);
      }
      return wrap({
        ...(containers?.length ? { containers } : {}),
        ...(initContainers?.length ? { initContainers } : {}),
      });
    });
  },
});

function amountsOf(pairs: readonly string[]): Record<string, string> | undefined {
  if (pairs.length === 0) return undefined;
  return Object.fromEntries(
    pairs.map((pair) => {
      const [name, amount, ...more] = pair.split('=');
      if (!name || !amount || more.length > 0) {
        throw new CommandError(`Invalid argument syntax ${pair}, expected <resource>=<value>`);
      }
      return [name, canonicalQuantity(amount)];
    }),
  );
}
