import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import type { ChatRequest } from '../../platform/ollama.ts';

/** What a judge says: undefined is silence, `cut` an answer that its length ended. */
export type Said = string | { cut: string } | undefined;

const says = (score: number, reason: string) => JSON.stringify({ reason, score });

/** A judgement of which there is no doubt, as a large model would give it. */
export const sound = (reply: string): string =>
  /lamp of of/.test(reply) ? says(1, 'brokenText') : /ignore all previous/i.test(reply) ? says(1, 'addressesAMachine') : says(5, 'fine');

/**
 * An Ollama over HTTP, as far as a judge needs one, and in it a model that can judge: what no test machine has memory for.
 * `says` is asked with a reply and how often it was asked about before. `heard`: every question that came.
 */
export async function aJudge(says: (reply: string, before: number) => Said = sound) {
  const heard: { reply: string; seed: number | undefined }[] = [];
  const server = createServer(async (request, answer) => {
    if (request.url === '/api/tags')
      return void answer.end(JSON.stringify({ models: [{ name: 'judge:latest', digest: 'a'.repeat(64), size: 1, modified_at: '' }] }));
    if (request.url !== '/api/chat') return void answer.writeHead(404).end();
    const { messages, options } = JSON.parse(await text(request)) as ChatRequest;
    const { reply } = JSON.parse(messages[1]!.content.split('\n')[1]!) as { reply: string };
    const said = says(reply, heard.filter((one) => one.reply === reply).length);
    heard.push({ reply, seed: options?.seed });
    if (said === undefined) return;
    const [content, done_reason] = typeof said === 'string' ? [said, 'stop'] : [said.cut, 'length'];
    answer.end(`${JSON.stringify({ message: { role: 'assistant', content }, done: true, done_reason })}\n`);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const seeds = (reply: string) => heard.filter((one) => one.reply === reply).map(({ seed }) => seed);
  return { url: `http://127.0.0.1:${port}`, model: 'judge:latest', heard, seeds };
}
