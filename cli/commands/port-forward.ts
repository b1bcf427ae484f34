import type { Service } from '../../api/types/core.v1.ts';
import type { Server } from 'node:net';
import { openSpdy } from '../../lib/client/spdy.ts';
import { defineCommand } from '../command.ts';
import { CommandError } from '../errors.ts';
import { durationOr, list } from '../flags.ts';
import { listenFor } from '../forward/listen.ts';
import { parsePort } from '../forward/ports.ts';
import { podOf } from '../pods.ts';
import { selectedOf } from '../selection.ts';
import { VERSION } from '../session.ts';
import { parseOne, pathOf } from '../targets.ts';
import { Deadline, untilObject } from '../waiting.ts';

const PROTOCOL = 'portforward.k8s.io';

export const command = defineCommand({
  summary: 'Forward one or more local ports to a pod',
  usage: 'TYPE/NAME [LOCAL_PORT:]REMOTE_PORT [...[LOCAL_PORT_N:]REMOTE_PORT_N]',
  examples: [
    'dure port-forward pod/web 8080:80',
    'dure port-forward service/web :http',
    'dure port-forward deploy/web 80',
  ],
  flags: {
    address: list('Addresses to listen on (comma separated): IP addresses, or localhost'),
    podRunningTimeout: durationOr(60_000, 'How long to wait until the pod runs'),
  },
  async run({ args, flags, session }) {
    const [what = '', ...ports] = args;
    if (ports.length === 0) throw new CommandError('TYPE/NAME and list of ports are required for port-forward');
    const client = await session.client();
    const target = await parseOne([what], session, 'pods');
    const isService = target.resource.group === '' && target.resource.name === 'services';
    const service = isService ? await client.get<Service>(pathOf(target)) : undefined;
    const found = await podOf([what], session);
    const pairs = ports.map((text) => parsePort(text, found, service));
    const place = selectedOf(await (await session.discovery()).find('pods'), found);
    const deadline = new Deadline({ milliseconds: flags.podRunningTimeout, clock: session.world.clock });
    const done = (object: unknown): boolean => {
      if (object === undefined) throw new CommandError(`pod ${place.name} is gone`);
      return (object as typeof found).status?.phase === 'Running';
    };
    await untilObject(place, { what: `waiting for pod ${place.name} to run`, done }, session, deadline);
    const spdy = await openSpdy({
      access: await session.access(),
      path: `${place.path}/portforward`,
      protocol: PROTOCOL,
      userAgent: `dure/${VERSION}`,
    });
    const servers: Server[] = [];
    const release = session.world.onInterrupt(() => spdy.close());
    let isInterrupted = false;
    const also = session.world.onInterrupt(() => (isInterrupted = true));
    try {
      const addresses = flags.address.length > 0 ? flags.address : ['localhost'];
      for (const pair of pairs) servers.push(...(await listenFor(pair, addresses, { spdy, session })));
      await spdy.closed;
      if (!isInterrupted) throw new CommandError('lost connection to pod');
    } finally {
      release();
      also();
      spdy.close();
      for (const server of servers) server.close();
    }
  },
});
