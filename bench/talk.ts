import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { random } from '../scripts/world/random.ts';

/**
 * Talk of two people, 70 % Thai: words by Zipf's law, about 60 characters a message, half of it with a conversation id and
 * half parted by silence. One message in twelve was said before, one in a hundred was read as Windows-1252.
 */
export function* talk(size: number): Generator<string> {
  const { next, pick } = random(7);
  const letter = (of: string) => pick([...of]);
  const thai = () => letter('กขคงจชซดตถทนบปผพมยรลวสหอ') + pick(['ะ', 'า', 'ิ', 'ี', 'ุ', 'ู', 'ำ', 'ั', '', '่า', '้า', '็']);
  const english = () => letter('bcdfghklmnprstvw') + letter('aeiou') + (next() < 0.3 ? letter('nrst') : '');
  const word = (syllable: () => string) => Array.from({ length: 1 + Math.floor(next() * 3) }, syllable).join('');
  const words = { th: Array.from({ length: 8000 }, () => word(thai)), en: Array.from({ length: 8000 }, () => word(english)) };
  const some = (language: 'th' | 'en') =>
    Array.from({ length: 2 + Math.floor(next() * next() * 30) }, () => words[language][Math.floor(8000 ** next()) - 1]!);
  const said: string[] = [];
  let [time, conversation, left] = [Date.UTC(2024, 0, 1), 0, 0];
  let lines = '';
  for (let id = 1; id <= size; id++) {
    if (left-- === 0) {
      conversation++;
      left = 6 + Math.floor(next() * 10);
      time += 2 * 3_600_000;
    }
    time += 20_000 + Math.floor(next() * 60_000);
    const fresh =
      next() < 0.7
        ? some('th')
            .map((one, i) => (i % 5 === 4 ? `${one} ` : one))
            .join('')
        : some('en').join(' ');
    const text = said.length > 0 && next() < 1 / 12 ? pick(said) : fresh;
    said[said.length < 20_000 ? said.length : Math.floor(next() * said.length)] = text;
    const row = {
      table: 'conversations',
      source: 'chat',
      id: String(id),
      at: new Date(time).toISOString(),
      consent: 'c1',
      conversation: conversation % 2 === 0 ? null : `c${conversation}`,
      speaker: id % 2 === 0 ? 'Ben' : 'Ada',
      text: next() < 0.01 ? new TextDecoder('windows-1252').decode(Buffer.from(text)) : text,
      language: null,
      topic: null,
      emotion: null,
    };
    lines += `${JSON.stringify(row)}\n`;
    if (lines.length > 1 << 20) {
      yield lines;
      lines = '';
    }
  }
  yield lines;
}

/** Talk of each size in a file; `grown` says how its time compares with that of the size before. */
export async function* talkFiles(folder: string, sizes: readonly number[]) {
  let before: { size: number; seconds: number } | undefined;
  for (const size of sizes) {
    const words = join(folder, `${size}.ndjson`);
    await pipeline(talk(size), createWriteStream(words));
    const grown = (seconds: number): string => {
      const said = before === undefined ? '' : `  ${(seconds / before.seconds).toFixed(1)} times the time of ${before.size}`;
      before = { size, seconds };
      return said;
    };
    yield { size, words, grown };
  }
}
