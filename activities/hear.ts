import type { ChatRequest, ModelOptions, Ollama } from '../platform/ollama.ts';

/** How a model is asked three times: first for its likeliest answer, then with other seeds for others. */
export const tries = (maxTokens: number): ModelOptions[] =>
  [0, 1, 2].map((seed) => ({ temperature: seed === 0 ? 0 : 0.7, seed, num_predict: maxTokens }));

/** What came of asking once. Nothing is `found` in an answer that was late, cut off, or that `read` can make nothing of. */
export type Heard<T> = { found: T | undefined; late: boolean };

/** Asks a model once, and waits for `timeout` seconds at most. */
export async function hear<T>(
  ollama: Pick<Ollama, 'chat'>,
  { timeout, signal, ...question }: ChatRequest & { timeout: number },
  read: (text: string) => T | undefined,
): Promise<Heard<T>> {
  const late = AbortSignal.timeout(timeout * 1000);
  try {
    const reply = await ollama.chat({ ...question, signal: signal === undefined ? late : AbortSignal.any([signal, late]) });
    return { found: reply.done === 'stop' ? read(reply.text) : undefined, late: false };
  } catch (error) {
    if (!late.aborted || signal?.aborted) throw error;
    return { found: undefined, late: true };
  }
}
