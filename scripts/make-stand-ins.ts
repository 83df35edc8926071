import { createWriteStream, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { type Random, random } from './world/random.ts';

const usage = `Makes stand-ins of the four sources of configs/personas/ada.yaml: stories, a journal, forum posts and generated
conversations, in the very shapes of the real ones and, at --scale 1, in their sizes. Every text is put together by chance.

  node scripts/make-stand-ins.ts --out FOLDER [--scale 1] [--seed 7] [--without journal]`;

/** How many there are of each at scale 1. Of Hippocorpus there are 6,854 stories; the journal is as small as most are. */
export const sizes = { stories: 6854, journal: 1500, posts: 12_000, conversations: 7000 };

const people = [
  'my sister',
  'an old friend',
  'my neighbour',
  'the teacher',
  'my father',
  'our driver',
  'a stranger',
  'the nurse',
  'my cousin',
];
const places = [
  'the harbour',
  'a small kitchen',
  'the night train',
  'the school yard',
  'the market',
  'a rented room',
  'the hospital',
  'the ferry',
];
const deeds = ['found', 'lost', 'repaired', 'painted', 'carried', 'forgot', 'borrowed', 'hid', 'sold', 'buried', 'wrapped', 'counted'];
const things = [
  'a lamp',
  'the letters',
  'a bicycle',
  'her coat',
  'the keys',
  'a cake',
  'two chairs',
  'the radio',
  'a kite',
  'the photographs',
];
const moods = ['calm', 'tired', 'hopeful', 'restless', 'tender', 'angry'];
const feelings = ['joy', 'sadness', 'fear', 'love', 'surprise', 'neutral'];
const syllables = [
  'ka',
  'lo',
  'mi',
  'ren',
  'sa',
  'tor',
  'vel',
  'nu',
  'bri',
  'dan',
  'ola',
  'pes',
  'fin',
  'gar',
  'hel',
  'juno',
  'wim',
  'zed',
];

const name = (chance: Random): string => {
  const word = Array.from({ length: chance.between(2, 4) }, () => chance.pick(syllables)).join('');
  return word.charAt(0).toUpperCase() + word.slice(1);
};

const sentences: ((chance: Random) => string)[] = [
  (c) => `In ${c.pick(places)} of ${name(c)}, ${c.pick(people)} ${c.pick(deeds)} ${c.pick(things)}.`,
  (c) => `I remember that ${name(c)} ${c.pick(deeds)} ${c.pick(things)} before ${c.pick(people)} came from ${name(c)}.`,
  (c) => `We stayed for ${c.between(2, 90)} days, and nobody from ${name(c)} ${c.pick(deeds)} anything.`,
  (c) => `It felt ${c.pick(moods)}, the way ${name(c)} had felt when ${c.pick(people)} ${c.pick(deeds)} ${c.pick(things)}.`,
  (c) => `${name(c)} asked me why, and I said that ${c.pick(people)} knew ${name(c)} better.`,
];
const text = (chance: Random, least: number, most: number): string =>
  Array.from({ length: chance.between(least, most) }, () => chance.pick(sentences)(chance)).join(' ');

const cell = (value: string | number): string =>
  /[",\n]/.test(String(value)) ? `"${String(value).replaceAll('"', '""')}"` : String(value);
const record = (...values: (string | number)[]): string => `${values.map(cell).join(',')}\n`;
const day = (n: number, of: number): string =>
  new Date(Date.UTC(2019, 0, 1) + Math.floor((n / of) * 5 * 365) * 86_400_000 + 8 * 3_600_000).toISOString();

function* stories(chance: Random, count: number): Generator<string> {
  yield record('AssignmentId', 'WorkerId', 'memType', 'mainEvent', 'summary', 'story');
  for (let n = 0; n < count; n++) {
    const [about, summary] = [`the day ${name(chance)} ${chance.pick(deeds)} ${chance.pick(things)}`, text(chance, 1, 2)];
    yield record(`S${n}`, `W${chance.below(900)}`, chance.pick(['recalled', 'imagined', 'retold']), about, summary, text(chance, 8, 16));
  }
}

function* journal(chance: Random, count: number): Generator<string> {
  yield record('id', 'at', 'mood', 'emotion', 'intensity', 'text');
  for (let n = 0; n < count; n++)
    yield record(n, day(n, count), chance.pick(moods), chance.pick(feelings), chance.between(1, 10), text(chance, 4, 9));
}

function* posts(chance: Random, count: number): Generator<string> {
  for (let n = 0; n < count; n++) {
    const said = { id: `p${n}`, author: name(chance), title: `What ${name(chance)} ${chance.pick(deeds)}`, selftext: text(chance, 5, 12) };
    yield `${JSON.stringify({ ...said, created_utc: Date.parse(day(n, count)) / 1000, subreddit: 'offmychest' })}\n`;
  }
}

function* conversations(chance: Random, count: number): Generator<string> {
  for (let n = 0; n < count; n++) {
    const turns = Array.from({ length: chance.between(1, 3) }, () => [
      { role: 'user', content: `What of ${name(chance)}, who ${chance.pick(deeds)} ${chance.pick(things)}?` },
      { role: 'assistant', content: text(chance, 1, 3) },
    ]).flat();
    yield `${n === 0 ? '[' : ','}${JSON.stringify({ id: `g${n}`, conversations: turns })}\n`;
  }
  yield ']\n';
}

/** Writes the files that `configs/personas/ada.yaml` names. The same seed and scale give the same bytes. */
export async function writeStandIns(folder: string, { scale = 1, seed = 7, without = [] as readonly string[] } = {}): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const files = {
    'hippocorpus.csv': stories(random(seed), Math.ceil(sizes.stories * scale)),
    'journal_entries.csv': journal(random(seed + 1), Math.ceil(sizes.journal * scale)),
    'reddit.jsonl': posts(random(seed + 2), Math.ceil(sizes.posts * scale)),
    'generated_conversations.json': conversations(random(seed + 3), Math.ceil(sizes.conversations * scale)),
  };
  for (const [file, lines] of Object.entries(files)) {
    if (without.some((left) => file.startsWith(left))) continue;
    const out = createWriteStream(join(folder, file));
    for (const line of lines) if (!out.write(line)) await new Promise<void>((resolve) => out.once('drain', () => resolve()));
    out.end();
    await finished(out);
  }
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      out: { type: 'string' },
      scale: { type: 'string', default: '1' },
      seed: { type: 'string', default: '7' },
      without: { type: 'string', multiple: true, default: [] },
    },
  });
  if (values.out === undefined || !(Number(values.scale) > 0)) throw new Error(usage);
  await writeStandIns(values.out, { scale: Number(values.scale), seed: Number(values.seed), without: values.without });
  console.log(`stand-ins of Ada's sources in ${values.out}`);
}
