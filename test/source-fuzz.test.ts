import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { finished } from 'node:stream/promises';
import { createGzip, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { describe, expect, test } from 'vitest';
import { Source } from '../core/source.ts';
import { SourceRow } from '../core/source-row.ts';
import { fillTables } from '../sources/fill.ts';
import { type Batch, type Cursor, openSource } from '../sources/index.ts';
import { SourceProblem } from '../sources/source-problem.ts';
import { freshDatabase } from './support/postgres.ts';
import { expectUnmoved } from './support/watching.ts';
import { aFolder, minute } from './support/words.ts';

/** More runs for a night: `FUZZ_RUNS=20000 npx vitest run test/source-fuzz.test.ts`. */
const numRuns = Number(process.env.FUZZ_RUNS ?? 60);
const MiB = 1024 * 1024;
const million = 1_000_000;

type Kind = {
  name: string;
  ending: string;
  source: object;
  /** What a sound file looks like, with a word that must never be in a message. */
  sound: string;
  /** What stands before the rows, and a first row. */
  head?: string;
  /** Where a file can only have this name. */
  file?: string;
};

const csvHead = 'AssignmentId,text,story,at\n1,a,a,2024-01-01\n';
const meldHead = 'Utterance,Speaker,Emotion,Dialogue_ID,Utterance_ID,Season,Episode\na,Ada,joy,0,0,1,1\n';

/** Kinds of files under fire. */
const kinds: Kind[] = [
  {
    name: 'conversations, JSON lines',
    ending: 'jsonl',
    source: { kind: 'conversations' },
    sound: '{"id":"a","messages":[{"role":"user","content":"CANARY"},{"role":"gpt","content":"é","at":"2024-01-01"}]}\n'.repeat(3),
  },
  {
    name: 'conversations, a JSON array',
    ending: 'json',
    source: { kind: 'conversations' },
    sound: '[{"conversations":[{"from":"human","value":"CANARY"}]},\n{"instruction":"CANARY","output":"b","history":[["c","d"]]}]',
  },
  {
    name: 'journal',
    ending: 'csv',
    source: { kind: 'journal', author: 'Ada' },
    sound: 'text,at\n"CANARY ""x""\n",2024-01-01\nb,\n',
    head: csvHead,
  },
  {
    name: 'stories, Hippocorpus',
    ending: 'csv',
    source: { kind: 'stories', shape: 'hippocorpus' },
    sound: 'AssignmentId,story,summary\nA,"CANARY, it was",s\nB,b,\n',
    head: csvHead,
  },
  {
    name: 'stories, Reddit',
    ending: 'ndjson',
    source: { kind: 'stories', shape: 'reddit' },
    sound: '{"id":"a","selftext":"CANARY","title":"t","created_utc":1600000000,"author":"x"}\n'.repeat(3),
  },
  {
    name: 'meld',
    ending: 'csv',
    source: { kind: 'meld', speaker: 'Ada' },
    sound: `${meldHead}"CANARY ""x""\n",Ada,joy,1,1,2,3\nCANARY,Ben,fear,1,2,2,3\n"CANARY, é",Ada,joy,1,2,2,3\nb,Ada,joy,12,2,1,4\n`,
    head: meldHead,
    file: 'train_sent_emo.csv',
  },
];

/** Where a file of this kind may be written. */
function pathFor({ ending, file }: Kind, folder: string, name: string): string {
  if (file === undefined) return join(folder, `${name}.${ending}`);
  mkdirSync(join(folder, name));
  return join(folder, name, file);
}
const sourceAt = ({ file, source }: Kind, path: string): Source =>
  Source.parse({ name: 'place', consent: 'c1', ...(file === undefined ? { path } : { folder: dirname(path) }), ...source });

/** Reads to the end, or to the problem there is. Anything thrown that is no `SourceProblem` is a crash. */
async function readAll(source: Source, after?: Cursor): Promise<{ batches: Batch[]; problem: string | undefined }> {
  const batches: Batch[] = [];
  try {
    for await (const batch of openSource(source).read(after)) batches.push(batch);
    return { batches, problem: undefined };
  } catch (error) {
    if (!(error instanceof SourceProblem)) throw error;
    return { batches, problem: error.message };
  }
}

/** Reads to the end and keeps nothing, as a snapshot does. */
async function drain(source: Source): Promise<{ rows: number; aside: Record<string, number>; problem: string | undefined }> {
  const aside: Record<string, number> = {};
  let rows = 0;
  try {
    for await (const batch of openSource(source).read()) {
      rows += batch.rows.length;
      for (const { reason } of batch.quarantined) aside[reason] = (aside[reason] ?? 0) + 1;
    }
    return { rows, aside, problem: undefined };
  } catch (error) {
    if (!(error instanceof SourceProblem)) throw error;
    return { rows, aside, problem: error.message };
  }
}

/** Every row is one, and nothing that is said of the others quotes them. */
function expectSound({ batches, problem }: Awaited<ReturnType<typeof readAll>>): void {
  for (const { rows, quarantined } of batches) {
    for (const row of rows) SourceRow.parse(row);
    for (const { place, reason } of quarantined) {
      expect(place).toMatch(/^[\w ,]+\.\w+:\d+$/);
      expect(reason).not.toContain('CANARY');
    }
  }
  expect(problem ?? '').not.toMatch(/CANARY|undefined|\[object/);
}

describe.each(kinds)('$name', (kind) => {
  test('survives bytes of any kind', async () => {
    const path = pathFor(kind, aFolder(), 'fuzz');
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), async (bytes) => {
        writeFileSync(path, bytes);

        expectSound(await readAll(sourceAt(kind, path)));
      }),
      { numRuns },
    );
  });

  test('survives what it knows, cut, torn and spliced; and goes on from any batch as if nothing had been', async () => {
    const path = pathFor(kind, aFolder(), 'fuzz');
    const splice = fc.constantFrom(
      '"',
      '{',
      '}',
      '[',
      ']',
      ',',
      '\n',
      '\\',
      '\u0000',
      '\ufeff',
      '\u202e',
      '""',
      '\\ud800',
      '1e999',
      'null',
      '\xff',
      ':',
    );
    const wound = fc.record({ at: fc.nat(400), cut: fc.nat(12), put: splice });
    await fc.assert(
      fc.asyncProperty(fc.array(wound, { minLength: 1, maxLength: 5 }), async (wounds) => {
        let text = kind.sound;
        for (const { at, cut, put } of wounds) text = text.slice(0, at % text.length) + put + text.slice((at % text.length) + cut);
        writeFileSync(path, Buffer.from(text, 'latin1'));

        const whole = await readAll(sourceAt(kind, path));

        expectSound(whole);
        for (const [i, { cursor }] of whole.batches.entries()) {
          const rest = await readAll(sourceAt(kind, path), cursor);
          expect(rest).toEqual({ batches: whole.batches.slice(i + 1), problem: whole.problem });
        }
      }),
      { numRuns },
    );
  });

  test('is neither stopped nor filled by what is meant to do so', async () => {
    const folder = aFolder();
    for (const [name, content] of Object.entries(hostile)) {
      const path = pathFor(kind, folder, name);
      writeFileSync(path, kind.head === undefined ? content : `${kind.head}${content}\n`);

      await expectUnmoved(`${kind.name}, ${name}`, () => drain(sourceAt(kind, path)));
      if (content.length < 100_000) expectSound(await readAll(sourceAt(kind, path)));
    }
  });

  test('passes over a line of 100 MB in the memory of one row', async () => {
    const path = pathFor(kind, aFolder(), 'long');
    const file = createWriteStream(path);
    const open = kind.head === undefined ? '[{"messages":"' : `${kind.head}1,"`;
    file.write(kind.ending.endsWith('l') || kind.ending === 'ndjson' ? open.slice(1) : open);
    for (let i = 0; i < 100; i++) if (!file.write(Buffer.alloc(MiB, 'CANARY '))) await once(file, 'drain');
    file.end(kind.ending === 'csv' ? '",a,\n' : '"}\n]');
    await finished(file);

    const read = async () => {
      expect((await drain(sourceAt(kind, path))).aside).toMatchObject({ 'longer than maxRowBytes': 1 });
    };

    await expectUnmoved('a line of 100 MB', read, 48 * MiB);
  });

  test('leaves a gzip that unfolds a thousandfold, or is damaged', async ({ skip }) => {
    skip(kind.file !== undefined, 'it is not read packed');
    const folder = aFolder();
    const bomb = createGzip({ level: 9 });
    const path = join(folder, `bomb.${kind.ending}.gz`);
    const written = finished(bomb.pipe(createWriteStream(path)));
    bomb.write(kind.head ?? '');
    for (let i = 0; i < 120; i++) if (!bomb.write(Buffer.alloc(MiB))) await once(bomb, 'drain');
    bomb.end();
    await written;
    const packed = gzipSync(kind.sound);
    const damaged = {
      cut: packed.subarray(0, -12),
      none: Buffer.from(kind.sound),
      noise: Buffer.concat([packed.subarray(0, 12), randomBytes(64)]),
    };

    const read = async () => {
      expect((await drain(sourceAt(kind, path))).problem).toContain('unfolds to more than 200 times its size');
    };

    await expectUnmoved('a gzip that unfolds', read, 48 * MiB);
    for (const [name, bytes] of Object.entries(damaged)) {
      writeFileSync(join(folder, `${name}.${kind.ending}.gz`), bytes);
      const { problem } = await readAll(sourceAt(kind, join(folder, `${name}.${kind.ending}.gz`)));
      expect(problem).toMatch(/cannot be unpacked \(Z_/);
    }
  });
});

/** Reads a whole source as it should be possible, whatever is in it. */
async function unmoved(source: Source): Promise<Awaited<ReturnType<typeof drain>>> {
  let drained: Awaited<ReturnType<typeof drain>> | undefined;
  await expectUnmoved(source.kind, async () => {
    drained = await drain(source);
  });
  return drained!;
}

test.each(['md', 'html', 'txt'])('documents, .%s, neither stop nor fill who reads them', async (ending) => {
  const path = aFolder();
  for (const [name, content] of Object.entries(hostile)) writeFileSync(join(path, `${name}.${ending}`), content);
  writeFileSync(join(path, `z.${ending}`), 'after all of them');

  const { rows, aside, problem } = await unmoved(Source.parse({ kind: 'documents', name: 'place', consent: 'c1', path }));

  expect(problem).toBeUndefined();
  expect(rows).toBeGreaterThan(Object.keys(hostile).length / 2);
  expect(Object.keys(aside).join()).not.toContain('CANARY');
});

test('parquet neither stops nor fills who reads it', async () => {
  const folder = aFolder();
  const columnData = [{ name: 'words', type: 'STRING' as const, data: Object.values(hostile) }];
  writeFileSync(join(folder, 'a.parquet'), Buffer.from(parquetWriteBuffer({ columnData })));
  const passages = { columns: { text: 'words' } };

  const { rows, aside, problem } = await unmoved(Source.parse({ kind: 'huggingface', name: 'place', consent: 'c1', folder, passages }));

  expect(problem).toBeUndefined();
  expect(rows + Object.values(aside).reduce((sum, count) => sum + count, 0)).toBe(Object.keys(hostile).length);
});

test('rows of a database neither stop nor fill who reads them', async () => {
  const url = await freshDatabase();
  process.env.FUZZ_PLACE = url;
  const conversations = Object.values(hostile).map((content, id) => {
    const text = content.replaceAll('\u0000', '\u0001'); // PostgreSQL has no text with it
    return { id, conversation: 'a', speaker: 'Ada', text, at: minute(id), consent: 'c1' };
  });
  await fillTables(url, { schema: 'public', madeBy: 'a test', tables: { conversations } });

  const { rows, aside, problem } = await unmoved(
    Source.parse({ kind: 'postgres', name: 'place', url: 'env:FUZZ_PLACE', tables: { conversations: {} } }),
  );

  expect(problem).toBeUndefined();
  expect(rows + Object.values(aside).reduce((sum, count) => sum + count, 0)).toBe(Object.keys(hostile).length);
});

test.each([
  ['as many lines as there may be', 99_000, (i: number) => `a${i},Ada,joy,${i},0,1,1\n`, undefined],
  ['more lines', 150_000, (i: number) => `a,Ada,joy,${i},0,1,1\n`, 'more than MELD has'],
  ['more words', 60, (i: number) => `${'a'.repeat(million)},Ada,joy,${i},0,1,1\n`, 'more than MELD has'],
  ['names that are none', 20, (i: number) => `a,CANARY ${'a'.repeat(million)},joy,${i},0,1,1\n`, 'Nobody called Ben'],
])('meld, which is put in order in memory, has an end: %s', async (_, count, line, wrong) => {
  const folder = aFolder();
  writeFileSync(join(folder, 'train_sent_emo.csv'), meldHead + Array.from({ length: count }, (_, i) => line(i)).join(''));
  const speaker = wrong?.includes('Ben') ? 'Ben' : 'Ada';

  const { problem } = await unmoved(Source.parse({ kind: 'meld', name: 'place', folder, speaker }));

  if (wrong === undefined) expect(problem).toBeUndefined();
  else expect(problem).toContain(wrong);
  expect(problem ?? '').not.toContain('CANARY');
});

const row = (words: unknown) => JSON.stringify({ id: 'a', messages: [{ role: 'user', content: words }], selftext: words, title: 'CANARY' });

/** Each a line or a few, just short enough to be held where it is held at all. */
const hostile: Record<string, string> = {
  'deep arrays': '['.repeat(million),
  'deep arrays, closed': `${'['.repeat(million / 2)}${']'.repeat(million / 2)}`,
  'deep objects': `${'{"messages":'.repeat(80_000)}1${'}'.repeat(80_000)}`,
  'a cycle by reference': '{"$ref":"#","messages":{"$ref":"#/messages"}}',
  'a million turns that are none': `{"messages":[${'0,'.repeat(million / 2 - 20)}0]}`,
  'turns upon turns': `{"messages":[${'{"role":"u"},'.repeat(75_000)}{"role":"u"}]}`,
  'parts upon parts': `{"messages":[{"role":"u","content":[${'0,'.repeat(million / 2 - 50)}0]}]}`,
  'history that is none': `{"instruction":"a","output":"b","history":[${'[],'.repeat(300_000)}[]]}`,
  prototypes:
    '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"messages":[{"role":"__proto__","content":"CANARY"}]}',
  'numbers beyond numbers':
    '{"id":1e999,"messages":[{"role":"u","content":"CANARY","at":1e308,"rating":-1e999}],"created_utc":1e300,"selftext":"a"}',
  'writing turned round and unseen': `${row('\u202eCANARY\u202c\u200b\u200d\u2066x\u2069')}\n"\u202e\u200b",CANARY`,
  'half characters': '{"messages":[{"role":"u","content":"\\ud800 CANARY"}],"selftext":"\\udfff"}',
  formulas: `${row("=cmd|' /C calc'!A0")}\n=1+1,+1,-1,@SUM(1)`,
  'entities that grow': row(`<!DOCTYPE x [<!ENTITY a "CANARY">${'<!ENTITY b "&a;&a;&a;&a;">'.repeat(2000)}]>${'&b;'.repeat(50_000)}`),
  'a season without end': 'a,Ada,joy,1,1,999999999,1',
  'a date of nines': `{"messages":[{"role":"u","content":"a","at":"${'9'.repeat(million / 2)}"}]}\n1,a,a,${'9'.repeat(million / 2)}`,
  'a date of blanks': `{"messages":[{"role":"u","content":"a","at":"2024-01-01${' '.repeat(million / 2)}x"}]}\n1,a,a,2024-01-01${' '.repeat(million / 2)}x`,
  'a million commas': ','.repeat(million),
  'a million quotes': '"'.repeat(million),
  'an odd million of quotes': `1,a,${'"'.repeat(million - 1)}`,
  'a million lines': '\n'.repeat(million),
  'a million empty values': '{}'.repeat(million / 2),
  'an escape at the end': '{"messages":"\\',
  zeros: '\u0000'.repeat(million),
  'patterns that go back': row(`${'a'.repeat(300_000)}!${'(a+)+$'.repeat(1000)}${' \t'.repeat(100_000)}`),
};
