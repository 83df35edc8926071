import { mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { describe, expect, test } from 'vitest';
import { HuggingFaceSource } from '../core/source-kinds/huggingface.ts';
import type { SourceRow } from '../core/source-row.ts';
import { openHuggingFace } from '../sources/huggingface.ts';
import type { Batch } from '../sources/index.ts';
import { SourceProblem } from '../sources/source-problem.ts';
import { aPlace } from './support/connectors.ts';
import { aHub } from './support/hub.ts';
import { expectUnmoved } from './support/watching.ts';

const secret = 'words that must stay in the house';
const licence = { id: 'CC-BY-4.0', from: 'owner/name' };

const aSource = (wanted: Record<string, unknown>) =>
  HuggingFaceSource.parse({ kind: 'huggingface', name: 'set', licence, passages: { columns: { text: 'story' } }, ...wanted });
const open = (wanted: Record<string, unknown>, env: NodeJS.ProcessEnv = {}) => openHuggingFace(aSource(wanted), env);

async function readAll(batches: AsyncIterable<Batch>): Promise<{ rows: SourceRow[]; aside: string[]; batches: Batch[] }> {
  const all: Batch[] = [];
  for await (const batch of batches) all.push(batch);
  const aside = all.flatMap((batch) => batch.quarantined.map(({ place, reason }) => `${place}: ${reason}`));
  return { rows: all.flatMap((batch) => batch.rows), aside, batches: all };
}

type Written = Omit<Parameters<typeof parquetWriteBuffer>[0], 'writer'>;
function write(path: string, options: Written): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, Buffer.from(parquetWriteBuffer(options)));
  return path;
}
const stories = (count: number, from = 0): Written => ({
  columnData: [{ name: 'story', type: 'STRING', data: Array.from({ length: count }, (_, i) => `${secret} ${from + i} ค่ะ`) }],
  rowGroupSize: 400,
});

describe('what a row becomes', () => {
  test('a list of messages is a conversation, with the names of those who speak', async () => {
    const { folder } = aPlace();
    const talk = [
      { from: 'human', value: 'are you there?' },
      { from: 'gpt', value: 'always' },
    ];
    write(join(folder, 'a.parquet'), {
      columnData: [
        { name: 'dialog', type: 'JSON', data: [talk, { no: 'list' }] },
        { name: 'about', type: 'STRING', data: ['home', 'home'] },
      ],
    });
    const conversations = { messages: 'dialog', columns: { topic: 'about' }, speakers: { user: 'Ben', gpt: 'Ada' } };

    const { rows, aside } = await readAll(open({ folder, passages: undefined, conversations, language: 'en' }).read());

    expect(rows).toMatchObject([
      {
        conversation: 'a.parquet:1',
        speaker: 'Ben',
        text: 'are you there?',
        topic: 'home',
        language: 'en',
        consent: 'licence:CC-BY-4.0:owner/name',
      },
      { conversation: 'a.parquet:1', speaker: 'Ada', text: 'always' },
    ]);
    expect(aside).toEqual(['a.parquet:2: its messages are no list']);
  });

  test('a conversation keeps the numbers that stand beside it', async () => {
    const { folder } = aPlace();
    write(join(folder, 'a.parquet'), {
      columnData: [
        { name: 'dialog', type: 'JSON', data: [['are you there?', 'always'], ['and now?']] },
        { name: 'score', type: 'DOUBLE', data: [4.5, Number.NaN] },
      ],
    });
    const conversations = { messages: 'dialog', columns: { rating: 'score' } };

    const { rows, aside } = await readAll(open({ folder, passages: undefined, conversations }).read());

    expect(rows).toMatchObject([
      { text: 'are you there?', rating: 4.5 },
      { text: 'always', rating: 4.5 },
    ]);
    expect(aside).toEqual(['a.parquet:2: its rating cannot be read']);
  });

  test.each(['speaker', 'context'])('a column for the %s is refused beside messages, which have their own', (column) => {
    const conversations = { messages: 'dialog', columns: { [column]: 'about' } };

    expect(() => aSource({ folder: '.', passages: undefined, conversations })).toThrow('take `speaker` and `context` out of `columns`');
  });

  test('a question and its answer are two turns', async () => {
    const { folder } = aPlace();
    write(join(folder, 'a.parquet'), {
      columnData: [
        { name: 'instruction', type: 'STRING', data: ['who are you?', 'and now?'] },
        { name: 'output', type: 'STRING', data: ['Ada', ''] },
        { name: 'when', type: 'TIMESTAMP', data: [new Date('2025-03-01'), new Date('2025-03-02')] },
        { name: 'score', type: 'DOUBLE', data: [4.5, 1] },
      ],
    });
    const turns = [
      { speaker: { value: 'Ben' }, text: 'instruction' },
      { speaker: { value: 'Ada' }, text: 'output', rating: 'score' },
    ];

    const { rows } = await readAll(open({ folder, passages: undefined, conversations: { turns, columns: { at: 'when' } } }).read());

    expect(rows).toMatchObject([
      { id: 'a.parquet:1/1', conversation: 'a.parquet:1', speaker: 'Ben', text: 'who are you?', at: '2025-03-01T00:00:00.000Z' },
      { id: 'a.parquet:1/2', conversation: 'a.parquet:1', speaker: 'Ada', text: 'Ada', rating: 4.5 },
      { id: 'a.parquet:2/1', speaker: 'Ben', text: 'and now?' },
    ]);
  });

  test('one utterance in a row belongs to the conversation that its column says', async () => {
    const { folder } = aPlace();
    write(join(folder, 'a.parquet'), {
      columnData: [
        { name: 'who', type: 'STRING', data: ['a', 'b'] },
        { name: 'said', type: 'STRING', data: ['hello', 'you'] },
        { name: 'dialog_id', type: 'INT64', data: [7n, 7n] },
      ],
    });
    const conversations = { columns: { speaker: 'who', text: 'said', conversation: 'dialog_id' }, speakers: { a: 'Ada' } };

    const { rows } = await readAll(open({ folder, passages: undefined, conversations }).read());

    expect(rows).toMatchObject([
      { conversation: '7', speaker: 'Ada', text: 'hello' },
      { conversation: '7', speaker: 'b', text: 'you' },
    ]);
  });

  test('a column that is not there is named, with what is', async () => {
    const { folder } = aPlace();
    write(join(folder, 'a.parquet'), stories(3));

    const reading = readAll(open({ folder, passages: { columns: { text: 'storys' } } }).read());

    await expect(reading).rejects.toThrow('a.parquet has no column storys, did you mean story? (there is: story)');
  });
});

test.each([
  ['SNAPPY', undefined],
  ['UNCOMPRESSED', undefined],
  ['GZIP', (bytes: Uint8Array) => gzipSync(bytes)],
  ['ZSTD', (bytes: Uint8Array) => zstdCompressSync(bytes)],
  ['BROTLI', (bytes: Uint8Array) => brotliCompressSync(bytes)],
] as const)('%s is unpacked', async (codec, compressor) => {
  const { folder } = aPlace();
  const compressors = compressor === undefined ? {} : { compressors: { [codec]: compressor } };
  write(join(folder, 'a.parquet'), { ...stories(1000), codec, ...compressors });

  const { rows } = await readAll(open({ folder }).read());

  expect(rows).toHaveLength(1000);
  expect(rows[999]).toMatchObject({ text: `${secret} 999 ค่ะ` });
});

test('a group of rows is read some pages at a time where it has an index of them', async () => {
  const { folder } = aPlace();
  const texts = Array.from({ length: 3000 }, (_, i) => `${i} `.repeat(2000));
  write(join(folder, 'a.parquet'), { columnData: [{ name: 'story', type: 'STRING', data: texts }], rowGroupSize: 3000, pageSize: 100_000 });

  const { rows } = await readAll(open({ folder }).read());

  expect(rows.map((row) => row.table === 'passages' && row.text)).toEqual(texts);
});

describe('a file that is not what it should be', () => {
  const hostile: [string, (path: string) => void, RegExp][] = [
    [
      'something else',
      (path) => writeFileSync(path, 'not parquet at all, but long enough to be looked at'),
      /it is something else, or was cut off/,
    ],
    ['nothing', (path) => writeFileSync(path, ''), /too short/],
    ['a file that was cut off', (path) => truncateSync(write(path, stories(1000)), 20_000), /cut off/],
    [
      'a description that is said to be longer than the file',
      (path) => patch(write(path, stories(10)), -8, [255, 255, 255, 127]),
      /description/,
    ],
    ['a description of noise', (path) => noise(write(path, stories(10)), -200, -8), /parquet|no sense|broke/],
    ['pages of noise', (path) => noise(write(path, stories(1000)), 4, 3000), /damaged|parquet|no sense|broke/],
    [
      'a page that unfolds to more than it says',
      (path) => write(path, { ...stories(1000), codec: 'GZIP', compressors: { GZIP: () => gzipSync(Buffer.alloc(2 ** 25)) } }),
      /damaged, or unfolds to more/,
    ],
  ];

  test.each(hostile)(
    '%s is refused, with nothing of it in the message',
    async (what, lay, reason) => {
      const { folder } = aPlace();
      lay(join(folder, 'bad.parquet'));
      const before = process.memoryUsage().rss;
      let problem: unknown;

      await expectUnmoved(what, async () => {
        problem = await readAll(open({ folder }).read()).catch((error: unknown) => error);
      });

      expect(problem).toBeInstanceOf(SourceProblem);
      expect(String(problem)).toMatch(reason);
      expect(String(problem)).toContain('bad.parquet');
      expect(String(problem)).not.toContain(secret);
      expect(process.memoryUsage().rss - before).toBeLessThan(400 * 2 ** 20);
    },
    120_000,
  );

  const patch = (path: string, at: number, bytes: number[]) => {
    const file = readFileSync(path);
    file.set(bytes, file.length + at);
    writeFileSync(path, file);
  };
  const noise = (path: string, from: number, to: number) => {
    const file = readFileSync(path);
    for (let i = file.length + from > file.length ? from : file.length + from; i < (to < 0 ? file.length + to : to); i++)
      file[i] = (i * 7919) % 251;
    writeFileSync(path, file);
  };
});

const bytesOf = (options: Written) => new Uint8Array(parquetWriteBuffer(options));
const wide = (count: number): Written => ({
  ...stories(count),
  columnData: [
    ...stories(count).columnData,
    { name: 'picture', type: 'BYTE_ARRAY', data: Array.from({ length: count }, (_, i) => Buffer.alloc(2000, `${i}picture`)) },
  ],
});

describe('of a hub', () => {
  test('only the parts that are needed are fetched, of one commit', async () => {
    const file = bytesOf(wide(2000));
    const hub = await aHub({
      'default/train/0000.parquet': file,
      'default/test/0000.parquet': bytesOf(stories(5)),
      'README.md': new Uint8Array(),
    });

    const { rows } = await readAll(open({ hub: 'owner/name' }, hub.env).read());

    expect(rows).toHaveLength(2000);
    expect(rows[0]).toMatchObject({ id: 'default/train/0000.parquet:1', consent: 'licence:CC-BY-4.0:owner/name' });
    const bytes = hub.asked
      .filter(({ path }) => path.startsWith('/cdn/'))
      .map(({ range = '' }) => {
        const [, from, to] = /(\d*)-(\d+)/.exec(range) ?? [];
        return from === '' ? Number(to) : Number(to) - Number(from) + 1;
      });
    expect(bytes.reduce((sum, one) => sum + one, 0)).toBeLessThan(file.length / 2);
    expect(hub.asked[0]?.path).toBe('/api/datasets/owner/name/revision/refs/convert/parquet');
  });

  test('the token goes to the hub, and not to where it points', async () => {
    const hub = await aHub({ 'data/train-00000-of-00001.parquet': bytesOf(stories(5)) });

    await readAll(open({ hub: 'owner/name', revision: 'main' }, hub.env).read());

    for (const { path, authorization } of hub.asked) expect(authorization).toBe(path.startsWith('/cdn/') ? undefined : 'Bearer hf_secret');
  });

  test('a connection that is lost in the middle may be tried again, and reading goes on at the row group', async () => {
    const hub = await aHub({ 'a/train/0000.parquet': bytesOf(wide(4000)), 'a/train/0001.parquet': bytesOf(wide(1000)) });
    const whole = await readAll(open({ hub: 'owner/name' }, hub.env).read());
    hub.faults.diesAfter = hub.asked.filter(({ path }) => path.startsWith('/cdn/')).length + 4;
    const taken: Batch[] = [];
    const broken = (async () => {
      for await (const batch of open({ hub: 'owner/name' }, hub.env).read()) taken.push(batch);
    })();
    await expect(broken).rejects.toMatchObject({ passing: true, message: expect.stringContaining('owner/name') });
    delete hub.faults.diesAfter;
    const before = hub.asked.length;

    const rest = await readAll(open({ hub: 'owner/name' }, hub.env).read(taken.at(-1)?.cursor));

    expect(taken.length).toBeGreaterThan(0);
    expect([...taken.flatMap((batch) => batch.rows), ...rest.rows]).toEqual(whole.rows);
    expect(hub.asked[before]?.path).toContain(hub.commit); // the very commit that it began with
  });

  test.each([
    [{ ranges: 'none' as const }, false, 'hf download owner/name --repo-type dataset'],
    [{ status: 403 }, false, 'HF_TOKEN'],
    [{ status: 404 }, false, 'no such data set'],
    [{ status: 503 }, true, '503'],
    [{ status: 429 }, true, '429'],
  ])('%o is told with what to do', async (fault, passing, message) => {
    const hub = await aHub({ 'a/train/0000.parquet': bytesOf(stories(5)) });
    Object.assign(hub.faults, fault);

    const problem = await readAll(open({ hub: 'owner/name' }, hub.env).read()).catch((error: unknown) => error);

    expect(problem).toMatchObject({ name: 'SourceProblem', passing, message: expect.stringContaining(message) });
    expect(String(problem)).not.toContain('hf_secret');
  });

  test('of several configurations one must be chosen', async () => {
    const hub = await aHub({ 'th/train/0000.parquet': bytesOf(stories(5)), 'en/train/0000.parquet': bytesOf(stories(7)) });

    await expect(readAll(open({ hub: 'owner/name' }, hub.env).read())).rejects.toThrow('choose one as `config` (en, th)');

    expect((await readAll(open({ hub: 'owner/name', config: 'th' }, hub.env).read())).rows).toHaveLength(5);
    await expect(readAll(open({ hub: 'owner/name', split: 'dev' }, hub.env).read())).rejects.toThrow('(there is: en/train, th/train)');
  });
});

test('bytes that are changed anywhere give rows or a problem, and never quote what was there', async () => {
  const { folder } = aPlace();
  const path = join(folder, 'fuzz.parquet');
  const sound = bytesOf({
    columnData: [{ name: 'story', type: 'STRING', data: Array.from({ length: 300 }, (_, i) => `${secret} ${i % 7}`) }],
    rowGroupSize: 200,
  });
  const change = fc.tuple(fc.nat(sound.length - 1), fc.oneof(fc.constant(255), fc.nat(255)));

  const property = fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), fc.nat(3), async (changes, cut) => {
    const bytes = sound.slice(0, cut === 0 ? (changes[0]?.[0] ?? 0) : sound.length);
    for (const [at, byte] of changes) bytes[at] = byte;
    writeFileSync(path, bytes);

    const { problem, aside } = await readAll(
      openHuggingFace(aSource({ folder: path }), {}, { memory: 2 ** 28, silence: 2000 }).read(),
    ).then(
      ({ aside }) => ({ problem: undefined, aside }),
      (error: unknown) => ({ problem: error, aside: [] }),
    );

    if (problem !== undefined) expect(problem).toBeInstanceOf(SourceProblem);
    expect(`${problem} ${aside}`).not.toContain('in the house');
  });

  await expectUnmoved('bytes that were changed', () => fc.assert(property, { numRuns: Number(process.env.FUZZ_RUNS ?? 30) }));
}, 120_000);
