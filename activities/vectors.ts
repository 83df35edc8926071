import { createHash } from 'node:crypto';
import type { ReadyEmbedder } from '../core/embedding.ts';
import { listVectors, saveVectors } from '../platform/db/vectors.ts';
import type { Embed } from '../platform/embedder.ts';
import type { Platform } from '../platform/platform.ts';
import { beating, breathe } from './beating.ts';

/** Texts sent at once: a second's work, and what a killed worker has to do again. */
const batch = 32;
const lookedUp = 32 * batch;

/** Names a text without quoting it. */
export const textDigest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** The vectors of texts, one after the other, from what was kept or made now; and how many texts were longer than the embedder reads. */
export async function vectorsOf(
  { db }: Pick<Platform, 'db'>,
  {
    persona,
    embedder,
    embed,
    texts,
    language,
  }: { persona: string; embedder: ReadyEmbedder; embed: Embed; texts: readonly string[]; language: string },
): Promise<{ vectors: Float32Array; cut: number }> {
  const { dimensions, digest: model } = embedder;
  const vectors = new Float32Array(texts.length * dimensions);
  let cut = 0;
  const put = (place: number, { vector, cut: short }: { vector: Float32Array; cut: boolean }) => {
    if (vector.length !== dimensions) throw new Error(`${embedder.model} gave ${vector.length} numbers for a text, ${dimensions} before.`);
    vectors.set(vector, place * dimensions);
    if (short) cut++;
  };

  for (let from = 0; from < texts.length; from += lookedUp) {
    const digests = texts.slice(from, from + lookedUp).map(textDigest);
    const known = new Map((await listVectors(db, { persona, model, texts: digests })).map((one) => [one.text.toString('hex'), one]));
    const missing: { place: number; text: Buffer }[] = [];
    for (const [i, text] of digests.entries()) {
      const kept = known.get(text.toString('hex'));
      if (kept === undefined) missing.push({ place: from + i, text });
      else put(from + i, kept);
    }
    for (let start = 0; start < missing.length; start += batch) {
      const wanted = missing.slice(start, start + batch);
      const asked = wanted.map(({ place }) => texts[place]!);
      const told = { language, embedded: from + start, of: texts.length };
      const made = await beating(told, (signal) => embed(asked, signal));
      await saveVectors(db, { persona, model, vectors: made.map((one, i) => ({ ...one, text: wanted[i]!.text })) });
      for (const [i, one] of made.entries()) put(wanted[i]!.place, one);
    }
    await breathe({ language, embedded: Math.min(from + lookedUp, texts.length), of: texts.length });
  }
  return { vectors, cut };
}
