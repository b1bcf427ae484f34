/** The agent's web side: metrics and health, on an address that only this machine reaches unless told otherwise. */
import type { Server } from 'node:http';
import type { Component } from '../../lib/component.ts';
import { http } from '../../lib/http.ts';
import type { Log } from '../../lib/log.ts';
import type { Metrics } from '../../lib/metrics.ts';

export interface AgentWebOptions {
  host: string;
  port: number;
  metrics: Metrics;
  /** Each resolves with what is wrong; '' when nothing is. */
  checks: Readonly<Record<string, () => Promise<string>>>;
  log: Log;
}

interface Answer {
  code: number;
  type: string;
  text: string;
}

const TEXT = 'text/plain; charset=utf-8';

export class AgentWeb implements Component {
  readonly name = 'web';
  private readonly options: AgentWebOptions;
  private readonly server: Server;

  constructor(options: AgentWebOptions) {
    this.options = options;
    this.server = http.createServer({ requestTimeout: 10_000 }, (request, response) => {
      void this.answer(request.method, request.url).then(({ code, type, text }) => {
        response.writeHead(code, { 'content-type': type });
        response.end(text);
      });
    });
  }

  async start(): Promise<void> {
    const { host, port } = this.options;
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, host, resolve);
    });
  }

  async stop(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.server.close(() => resolve());
      this.server.closeAllConnections();
    });
  }

  private async answer(method: string | undefined, url: string | undefined): Promise<Answer> {
    if (method !== 'GET') return { code: 405, type: TEXT, text: 'only GET is answered\n' };
    try {
      switch (url) {
        case '/metrics':
          return { code: 200, type: this.options.metrics.contentType, text: await this.options.metrics.text() };
        case '/livez':
          return { code: 200, type: TEXT, text: 'ok\n' };
        case '/readyz':
          return await this.readiness();
        default:
          return { code: 404, type: TEXT, text: 'there are /metrics, /livez and /readyz\n' };
      }
    } catch (error) {
      this.options.log.error({ err: error, url }, 'a request failed');
      return { code: 500, type: TEXT, text: `${(error as Error).message}\n` };
    }
  }

  private async readiness(): Promise<Answer> {
    const results = await Promise.all(
      Object.entries(this.options.checks).map(async ([name, check]) => ({ name, problem: await check() })),
    );
    const lines = results.map(({ name, problem }) => (problem ? `[-]${name} ${problem}` : `[+]${name} ok`));
    const isReady = results.every(({ problem }) => !problem);
    return { code: isReady ? 200 : 503, type: TEXT, text: `${lines.join('\n')}\n` };
  }
}
