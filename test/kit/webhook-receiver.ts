/** A customer's program that is told of events, over HTTPS: it keeps what came, and answers as a test says. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { newAuthority } from './certificates.ts';

export interface ToldRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  readonly body: {
    readonly type: string;
    readonly timestamp: string;
    readonly sequence: number;
    readonly data: Readonly<Record<string, string | number>>;
  };
}

export interface ReceiverAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** It answers when this does. */
  readonly after?: Promise<unknown>;
}

export interface WebhookReceiver {
  readonly url: string;
  readonly port: number;
  /** PEM of what its certificate is signed by. */
  readonly authority: string;
  /** In the order in which they came. */
  readonly told: ToldRequest[];
  answerWith(answer: (request: ToldRequest) => ReceiverAnswer): void;
  close(): Promise<void>;
}

export async function startWebhookReceiver(name = '127.0.0.1'): Promise<WebhookReceiver> {
  const authority = await newAuthority();
  const told: ToldRequest[] = [];
  let answerTo: (request: ToldRequest) => ReceiverAnswer = () => ({ status: 204 });
  const server: Server = createServer(await authority.issue(name), async (request, response) => {
    const text = Buffer.concat(await request.toArray()).toString();
    const one = {
      path: request.url ?? '',
      headers: request.headers as Record<string, string>,
      text,
      body: JSON.parse(text),
    };
    told.push(one);
    const { status, headers = {}, body = '', after } = answerTo(one);
    await after;
    response.writeHead(status, headers).end(body);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `https://127.0.0.1:${port}/told`,
    port,
    authority: authority.cert,
    told,
    answerWith(answer) {
      answerTo = answer;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
