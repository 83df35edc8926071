import type { Category } from '../dataset.ts';
import { keyOf, type SourceRow, type TableName } from '../source-row.ts';
import { hashOf } from '../text/hash.ts';
import { languageOf } from '../text/language.ts';

/** The category of rows that the persona wrote unasked. */
export const written: Partial<Record<TableName, Category>> = {
  self_reflections: 'selfAwareness',
  learnings: 'knowledge',
  knowledge_nodes: 'knowledge',
  passages: 'passage',
};

/** What is asked for where the persona wrote unasked. Only the other side is ever supplied, never the persona's words. */
const questions = {
  self: { th: 'ตอนนี้คิดอะไรเกี่ยวกับตัวเองอยู่', other: 'What do you think about yourself right now?' },
  learnt: { th: (topic: string) => `ได้เรียนรู้อะไรเรื่อง ${topic}`, other: (topic: string) => `What did you learn about ${topic}?` },
  known: { th: (concept: string) => `รู้อะไรเกี่ยวกับ ${concept}`, other: (concept: string) => `What do you know about ${concept}?` },
  told: { th: (title: string) => `เล่าเรื่อง ${title} ให้ฟังหน่อย`, other: (title: string) => `Tell me about ${title}.` },
};

/** Neutral questions by language, as `requests` of a recipe gives them; `en` for all others. */
export type Requests = Record<string, readonly string[]>;

/** A reflection, something learnt, known or told, as an answer to the question that calls for it. An empty one cannot be used. */
export function questionAndAnswer(row: SourceRow, requests: Requests): [asks: string, reply: string] {
  const thai = (text: string) => ['th', 'mixed'].includes(languageOf(text));
  if (row.table === 'self_reflections') {
    const reply = (row.reflection ?? '').trim();
    return [row.prompt?.trim() || (thai(reply) ? questions.self.th : questions.self.other), reply];
  }
  if (row.table === 'learnings') {
    const reply = [row.learning, row.applied]
      .map((text) => (text ?? '').trim())
      .filter((text) => text !== '')
      .join(' ');
    const topic = (row.topic ?? '').trim();
    return [topic === '' ? '' : thai(reply) ? questions.learnt.th(topic) : questions.learnt.other(topic), reply];
  }
  if (row.table === 'knowledge_nodes') {
    const reply = (row.description ?? '').trim();
    const concept = (row.concept ?? '').trim();
    return [concept === '' ? '' : thai(reply) ? questions.known.th(concept) : questions.known.other(concept), reply];
  }
  if (row.table === 'passages') {
    const reply = (row.text ?? '').trim();
    const prompt = (row.prompt ?? '').trim();
    const title = (row.title ?? row.topic ?? '').trim();
    if (prompt !== '') return [prompt, reply];
    if (title !== '') return [thai(reply) ? questions.told.th(title) : questions.told.other(title), reply];
    const neutral = requests[languageOf(reply)] ?? requests.en ?? [];
    return [neutral[hashOf(keyOf(row)) % neutral.length] ?? '', reply];
  }
  return ['', ''];
}

/** The same, and of a moment its two sides. */
export const wordsOf = (row: SourceRow, requests: Requests): [asks: string, reply: string] =>
  row.table === 'angela_emotions' ? [(row.words ?? '').trim(), (row.reply ?? '').trim()] : questionAndAnswer(row, requests);
