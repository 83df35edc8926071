import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { datasetActivities } from '../activities/dataset.ts';
import { embeddingActivities } from '../activities/embeddings.ts';
import { ndjson, readLines, toLines } from '../activities/lines.ts';
import { DatasetRow, type Snapshot } from '../core/dataset.ts';
import { buildRows } from '../core/dataset-rows/build.ts';
import { unitOf } from '../core/dataset-rows/duplicates.ts';
import { Embedder, type MeaningsFile, type MeaningsRequest, type ReadyEmbedder } from '../core/embedding.ts';
import { closePairs } from '../core/meanings/close-pairs.ts';
import { shuffled } from '../core/meanings/fitness.ts';
import type { SourceRow } from '../core/source-row.ts';
import { random } from '../core/statistics.ts';
import { hashOf } from '../core/text/hash.ts';
import { loadPersona } from '../platform/config.ts';
import { openEmbedder } from '../platform/embedder.ts';
import type { OpenPlatform } from '../platform/open.ts';
import { root } from '../platform/settings.ts';
import { release } from '../workflows/pipelines/release.ts';
import { aPlatform } from './support/platform.ts';
import { aRequest, aSnapshot, aStep, said } from './support/words.ts';

const wanted = Embedder.parse({ model: 'all-minilm', folder: '$TROUPE_CACHE/models/all-minilm-l6-v2', languages: ['en'] });

let platform: OpenPlatform;
let embedder: ReadyEmbedder;
const resolve = (more: Partial<Embedder> = {}, on: Parameters<typeof embeddingActivities>[0] = platform) =>
  embeddingActivities(on).resolveEmbedder(aStep({ model: wanted.model, folder: wanted.folder, ...more }));

beforeAll(async () => {
  platform = await aPlatform();
  embedder = await resolve();
});

/** Exchanges about quite different things, an hour apart, each in a conversation of its own. */
const exchanges = (count: number, source = 'diary'): SourceRow[] =>
  Array.from({ length: count }, (_, n) => {
    const who = ['gardener', 'violinist', 'astronomer', 'baker', 'diver', 'judge', 'beekeeper'][n % 7];
    const where = ['in the harbour', 'on the moon', 'under the bridge', 'at school', 'in the desert'][n % 5];
    const what = [
      'a broken clock',
      'eleven oranges',
      'the old opera',
      'a tax return',
      'snow leopards',
      'her passport',
      'fresh paint',
      'chess',
    ][n % 8];
    return [
      said(n * 200 + 1, `talk-${n}`, 'Ben', `What did the ${who} tell you ${where} about ${what}, number ${n}?`, { source }),
      said(n * 200 + 2, `talk-${n}`, 'Ada', `Only that ${what} and a ${who} do not go together ${where}.`, { source }),
    ];
  }).flat();

const exchange = (at: number, talk: string, asks: string, answers: string, source = 'diary'): SourceRow[] => [
  said(at, talk, 'Ben', asks, { source }),
  said(at + 1, talk, 'Ada', answers, { source }),
];
const keys = {
  one: ['Where did you put the keys of the old car yesterday evening?', 'They are in the blue bowl beside the front door.'],
  same: ['Where did you put the keys to the old car last night?', "They're in the blue bowl next to the front door."],
} as const;
const thai = (count: number): SourceRow[] =>
  Array.from({ length: count }, (_, n) =>
    exchange(
      50_000 + n * 200,
      `thai-${n}`,
      `วันนี้เธอไปทำอะไรมาบ้างที่${['ตลาด', 'โรงเรียน', 'ทะเล', 'วัด', 'ห้องสมุด'][n % 5]}กับ${['แม่', 'เพื่อน', 'น้อง', 'ครู'][n % 4]}`,
      `ไปดู${['แมว', 'ดอกไม้', 'หนัง', 'เรือ', 'รถไฟ', 'ดาว', 'ฝน'][n % 7]}มาแล้วก็กลับบ้านตอน${['เช้า', 'เย็น', 'ดึก'][n % 3]}`,
    ),
  ).flat();

const snapshotOf = async (rows: readonly SourceRow[], on = platform): Promise<Snapshot> => ({
  ...aSnapshot,
  words: await on.artifacts.put(toLines(rows), ndjson),
  rows: rows.length,
});

async function compared(
  rows: readonly SourceRow[],
  {
    on = platform,
    limits,
    ...more
  }: Partial<MeaningsRequest> & {
    on?: Pick<OpenPlatform, 'artifacts' | 'db' | 'ollama' | 'settings'>;
    limits?: { texts: number; pairs: number };
  } = {},
) {
  const { system: _, ...request } = aRequest({}, { snapshot: await snapshotOf(rows), persona: 'ada' });
  const { languages, duplicate, leak } = wanted;
  const meanings = await embeddingActivities(on, limits).compareMeanings(
    aStep({ ...request, embedder, languages, duplicate, leak, ...more }),
  );
  const file = JSON.parse(String(await platform.artifacts.get(meanings.file))) as MeaningsFile;
  return { ...meanings, file, ref: meanings.file };
}

/** Counts the texts that are embedded. */
function counting(): { embedded: () => number; on: Pick<OpenPlatform, 'artifacts' | 'db' | 'ollama' | 'settings'> } {
  let embedded = 0;
  const embed: OpenPlatform['ollama']['embed'] = (asked) => {
    embedded += asked.input.length;
    return platform.ollama.embed(asked);
  };
  return { embedded: () => embedded, on: { ...platform, ollama: { ...platform.ollama, embed } } };
}

describe('the embedder', () => {
  test('is made of its folder where Ollama lacks it, and is the very same on every machine that makes it', async () => {
    await platform.ollama.delete('made-again');

    const again = await resolve({ model: 'made-again' });

    expect(again).toEqual({ ...embedder, model: 'made-again' });
    expect(again).toMatchObject({ dimensions: 384, contextLength: 512 });
  });

  test.each([
    [
      'without a folder',
      undefined,
      /Ollama has no model nowhere-at-all.*`OLLAMA_HOST=http:\/\/127\.0\.0\.1:\d+ ollama pull nowhere-at-all`/,
    ],
    [
      'with an empty folder of the cache',
      '$TROUPE_CACHE/models/none',
      /holds no config\.json\. `bash temporal-dev\/setup\.sh` puts it there/,
    ],
    ['with an empty folder of one’s own', '/nowhere', /Put a Hugging Face model folder there/],
  ])('that is nowhere is refused with what to do, %s', async (_, folder, message) => {
    await expect(
      embeddingActivities(platform).resolveEmbedder(aStep({ model: 'nowhere-at-all', ...(folder && { folder }) })),
    ).rejects.toMatchObject({
      nonRetryable: true,
      message: expect.stringMatching(message),
    });
  });

  test('reads the end of a text that is too long: the reply stands there', async () => {
    const long = `${'and then it rained for a while. '.repeat(200)}`;

    const [one, other, short] = await openEmbedder(
      platform.ollama,
      embedder,
    )([
      `${long}the keys are in the blue bowl.`,
      `${'nobody came to the old house. '.repeat(200)}the keys are in the blue bowl.`,
      'the keys are in the blue bowl.',
    ]);

    expect([one?.cut, other?.cut, short?.cut]).toEqual([true, true, false]);
    expect(one?.vector).not.toEqual(other?.vector);
  });
});

describe('rows that mean the same', () => {
  test('are found in English; Thai is not measured, and neither is what has no letters', async () => {
    const rows = [
      ...exchanges(24),
      ...exchange(20_000, 'a', ...keys.one),
      ...exchange(30_000, 'b', ...keys.same),
      ...thai(4),
      ...exchange(80_000, 'ru', 'Да?', 'Нет.'),
      ...exchange(90_000, 'n', '1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 = ?', '8 888 888 888 888 888 888 888 888'),
    ];

    const { file, languages, pairs } = await compared(rows);

    expect(languages.en).toMatchObject({ status: 'measured', rows: 26, distinct: 26, blind: 0, pairs });
    expect(languages.th).toEqual({ status: 'not measured', rows: 4, reason: 'all-minilm is trusted with en only' });
    expect(languages.und).toEqual({ status: 'not measured', rows: 1, reason: 'no letters' });
    const text = (pair: readonly [string, string]) => hashOf(unitOf({ messages: pair.map((content) => ({ role: 'user', content })) }));
    expect(file.pairs).toContainEqual({ a: text(keys.one), b: text(keys.same), cosine: expect.closeTo(0.985, 2) });
    expect(JSON.stringify(file)).not.toMatch(/keys|bowl/);
  });

  test('replies of one conversation are no pair, however alike', async () => {
    const rows = [...exchanges(24), ...exchange(20_000, 'a', ...keys.one), ...exchange(20_002, 'a', ...keys.same)];

    const { file } = await compared(rows);

    const texts = new Set(file.pairs.flatMap(({ a, b }) => [a, b]));
    const own = hashOf(unitOf({ messages: keys.one.map((content) => ({ role: 'user', content })) }));
    expect(texts.has(own)).toBe(false);
  });

  test('a language that the embedder cannot read is an error that says how that showed, and quotes nothing', async () => {
    const failure = await compared([...exchanges(4), ...thai(30)], { languages: ['en', 'th'] }).catch((error: unknown) => error);

    expect(failure).toMatchObject({
      nonRetryable: true,
      type: 'PersonaInvalid',
      message: expect.stringMatching(
        /cannot compare what ada says in th: it does not notice shuffled letters in \d+(\.\d)? % .*Take th out of/,
      ),
    });
    expect(String(failure)).not.toMatch(/\p{Script=Thai}/u);
  });

  test('of a language with too many texts nothing is embedded or kept; that it is not measured is said wherever the data set is told of', async () => {
    const { on, embedded } = counting();
    const rows = exchanges(24);

    const enough = await compared(rows, { persona: 'zoe', limits: { texts: 24, pairs: 1000 } });
    const many = await compared(rows, { on, persona: 'zoe', limits: { texts: 23, pairs: 1000 } });
    const { manifest, card } = await datasetActivities(platform).buildDataset(
      aStep(aRequest({}, { snapshot: await snapshotOf(rows), meanings: many.ref })),
    );

    const reason = 'more than 23 distinct texts, too many to compare each with every other';
    expect(enough.languages.en).toMatchObject({ status: 'measured', distinct: 24 });
    expect(many).toMatchObject({ pairs: 0, languages: { en: { status: 'not measured', rows: 24, reason } } });
    expect(embedded()).toBe(0);
    expect(await platform.db.selectFrom('vectors').select('text').where('persona', '=', 'zoe').execute()).toEqual([]);
    expect(JSON.parse(String(await platform.artifacts.get(manifest)))).toMatchObject({
      embeddingSimilarity: { status: 'not measured', reason: expect.stringContaining(`(en: ${reason})`), languages: { en: { reason } } },
    });
    expect(String(await platform.artifacts.get(card))).toContain(`no row could be compared by all-minilm (en: ${reason})`);
  });

  test('too many pairs leave their language not measured, and none of them in the file', async () => {
    const rows = [...exchanges(24), ...exchange(20_000, 'a', ...keys.one), ...exchange(30_000, 'b', ...keys.same)];

    const { pairs } = await compared(rows, { duplicate: 0.6 });
    const many = await compared(rows, { duplicate: 0.6, limits: { texts: 1000, pairs: pairs - 1 } });

    expect(pairs).toBeGreaterThan(1);
    expect(many).toMatchObject({
      file: { pairs: [] },
      languages: { en: { status: 'not measured', reason: `more than ${pairs - 1} pairs mean the same, too many to keep` } },
    });
  });

  test('only what is new is embedded, and what the source no longer says is forgotten', async () => {
    const { on, embedded } = counting();
    const rows = exchanges(40);
    const vectors = async () =>
      (await platform.db.selectFrom('vectors').selectAll().where('persona', '=', 'eve').execute()).map(({ text }) => text.toString('hex'));

    const first = await compared(rows, { on, persona: 'eve' });
    const once = embedded();
    const again = await compared(rows, { on, persona: 'eve' });
    const twice = embedded();
    const fewer = await compared(rows.slice(0, 40), { on, persona: 'eve' });

    expect(again.ref).toEqual(first.ref);
    expect(fewer.languages.en).toMatchObject({ distinct: 20 });
    expect([once, twice]).toEqual([80, 80]); // each once, and once with its letters shuffled
    expect(embedded()).toBe(80);
    expect(await vectors()).toHaveLength(40);
  });

  test('a worker that is killed amid it leaves what it made to the next attempt', { timeout: 90_000 }, async () => {
    const rows = exchanges(160);
    const { system: _, ...request } = aRequest({}, { snapshot: await snapshotOf(rows), persona: 'kim' });
    const { languages, duplicate, leak } = wanted;
    const asked = aStep({ ...request, embedder, languages, duplicate, leak });
    const kept = async () =>
      Number(
        (
          await platform.db
            .selectFrom('vectors')
            .select((e) => e.fn.countAll().as('n'))
            .where('persona', '=', 'kim')
            .execute()
        )[0]?.n,
      );
    const code = `
      import { pino } from 'pino';
      import { embeddingActivities } from ${JSON.stringify(join(root, 'activities/embeddings.ts'))};
      import { openPlatform } from ${JSON.stringify(join(root, 'platform/open.ts'))};
      const platform = await openPlatform(${JSON.stringify(platform.settings)}, { log: pino({ level: 'silent' }) });
      await embeddingActivities(platform).compareMeanings(${JSON.stringify(asked)});
    `;
    const worker = spawn(process.execPath, ['--input-type=module', '-e', code], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
    const ended = once(worker, 'exit');

    while ((await kept()) === 0 && worker.exitCode === null) await sleep(20);
    worker.kill('SIGKILL');
    await ended;
    const before = await kept();
    const { on, embedded } = counting();
    const { languages: found } = await embeddingActivities(on).compareMeanings(asked);

    expect(before).toBeGreaterThan(0);
    expect(before).toBeLessThan(160);
    expect(found.en).toMatchObject({ status: 'measured', distinct: 160 });
    expect(embedded()).toBe(160 - before + 60); // and the shuffled ones
  });
});

test('a persona without an embedder has neither step, and its data set says so', async () => {
  const of = (name: string) => release(loadPersona(platform.settings, name));
  const steps = (name: string) => of(name).boxes.map((box) => box.name);
  const plan = of('chandler');

  expect(steps('chandler').filter((name) => ['embedder', 'meanings', 'dataset'].includes(name))).toEqual([
    'embedder',
    'meanings',
    'dataset',
  ]);
  expect(plan.boxes.find(({ name }) => name === 'quality')?.input).toMatchObject({ embedder: { model: 'all-minilm', languages: ['en'] } });
  expect(of('angela-demo').boxes.find(({ name }) => name === 'quality')?.input).not.toHaveProperty('embedder');
  expect(plan.boxes.find(({ name }) => name === 'dataset')?.input).toMatchObject({ meanings: { $from: 'meanings.file' } });
  expect(steps('angela-demo')).not.toContain('meanings');
  const { manifest } = await datasetActivities(platform).buildDataset(aStep(aRequest({}, { snapshot: await snapshotOf(exchanges(30)) })));
  expect(JSON.parse(String(await platform.artifacts.get(manifest)))).toMatchObject({
    embeddingSimilarity: { status: 'not measured', reason: expect.stringContaining('no embedder is configured') },
  });
});

describe('a data set', () => {
  const early = exchange(10, 'early', ...keys.one);
  const late = exchange(100_000, 'late', ...keys.same);
  const [a, b] = [keys.one, keys.same].map((pair) => hashOf(unitOf({ messages: pair.map((content) => ({ role: 'user', content })) })));
  const alike = (cosine: number) => ({ pairs: [{ a: a!, b: b!, cosine }], duplicate: 0.95, leak: 0.97 });
  const sideOf = (built: ReturnType<typeof buildRows>, reply: string) =>
    (['train', 'validation', 'test'] as const).filter((side) => built.split[side].some(({ output }) => output === reply));

  test('keeps a pair that would straddle the split in one group, on the side of the earlier', () => {
    const rows = [...early, ...exchanges(40), ...late];

    const without = buildRows(aRequest(), rows);
    const joined = buildRows(aRequest(), rows, { sameMeaning: alike(0.98) });
    const below = buildRows(aRequest(), rows, { sameMeaning: alike(0.96) });

    expect([sideOf(without, keys.one[1]), sideOf(without, keys.same[1])]).toEqual([['train'], ['test']]);
    expect([sideOf(joined, keys.one[1]), sideOf(joined, keys.same[1])]).toEqual([['train'], ['train']]);
    expect(joined.counts.groups.joined).toMatchObject({ meaning: 1 });
    expect(joined.counts.leakCheck).toMatchObject({ left: 0, removedFor: { meaning: 0 } });
    expect(sideOf(below, keys.same[1])).toEqual(['test']);
  });

  test('leaves out the later of two sources, neither of one, and what was made up before what was said', () => {
    const others = exchange(100_000, 'late', ...keys.same, 'letters');
    const sources = (synthetic: string) => ['diary', 'letters'].map((name) => ({ name, optional: false, synthetic: name === synthetic }));
    const outputs = (rows: SourceRow[], synthetic = 'none') =>
      (({ split, counts }) => ({
        replies: [...split.train, ...split.validation, ...split.test].map(({ output }) => output),
        left: counts.leftOut['semantic duplicate'] ?? 0,
      }))(buildRows(aRequest({ maxSynthetic: 1 }, { sources: sources(synthetic) }), rows, { sameMeaning: alike(0.96) }));

    const oneSource = outputs([...early, ...exchanges(20), ...late]);
    const twoSources = outputs([...early, ...exchanges(20), ...others]);
    const madeUpFirst = outputs([...early, ...others], 'diary');

    expect(oneSource).toMatchObject({ left: 0, replies: expect.arrayContaining([keys.one[1], keys.same[1]]) });
    expect(twoSources.left).toBe(1);
    expect(twoSources.replies).toContain(keys.one[1]);
    expect(twoSources.replies).not.toContain(keys.same[1]);
    expect(madeUpFirst).toEqual({ left: 1, replies: [keys.same[1]] });
  });

  test('is the same to the byte wherever it is made of the same pairs, and says what was measured', async () => {
    const rows = [...early, ...exchanges(40), ...late];
    const { ref } = await compared(rows);
    const other = await aPlatform();
    await other.artifacts.put(await platform.artifacts.get(ref), ref.mediaType);
    const make = async (on: OpenPlatform) =>
      datasetActivities(on).buildDataset(aStep(aRequest({}, { snapshot: await snapshotOf(rows, on), meanings: ref })));

    const here = await make(platform);
    const there = await make(other);

    expect(there).toEqual(here);
    expect(JSON.parse(String(await platform.artifacts.get(here.manifest)))).toMatchObject({
      embeddingSimilarity: {
        status: 'measured',
        embedder: { model: 'all-minilm' },
        duplicate: 0.95,
        leak: 0.97,
        languages: { en: { status: 'measured', rows: 42 } },
        leaksLeft: 0,
      },
      counts: { groups: { joined: { meaning: expect.any(Number) } }, leakCheck: { left: 0 } },
    });
    expect(String(await platform.artifacts.get(here.card))).toMatch(/Similarity of meaning, by `all-minilm`.*\n.*\n.*, 0 are\./);
    const test = await readLines(platform.artifacts, here.test, DatasetRow);
    expect(test.map(({ output }) => output)).not.toContain(keys.same[1]);
  });

  test('is not made of pairs of other words', async () => {
    const { ref } = await compared(exchanges(30));

    const snapshot = await snapshotOf(exchanges(31));

    await expect(datasetActivities(platform).buildDataset(aStep(aRequest({}, { snapshot, meanings: ref })))).rejects.toMatchObject({
      nonRetryable: true,
      message: expect.stringMatching(/is of another snapshot.*--refresh meanings/),
    });
  });
});

test('every close pair is found, whatever the vectors are like', () => {
  const dimensions = 40;
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 0, max: 700 }), fc.double({ min: 0.6, max: 1, noNaN: true }), (seed, count, threshold) => {
      const next = random(seed);
      const vectors = new Float32Array(count * dimensions);
      for (let i = 0; i < count; i++) {
        const like = i > 0 && next() < 0.5 ? Math.floor(next() * i) : undefined;
        const spread = like === undefined ? 1 : next() * 0.3;
        const own = Float64Array.from(
          { length: dimensions },
          (_, k) => (like === undefined ? 0.2 : vectors[like * dimensions + k]!) + (next() - 0.5) * spread,
        );
        const length = Math.hypot(...own);
        vectors.set(
          own.map((value) => value / length),
          i * dimensions,
        );
      }
      const cosine = (a: number, b: number) => {
        let sum = 0;
        for (let k = 0; k < dimensions; k++) sum += vectors[a * dimensions + k]! * vectors[b * dimensions + k]!;
        return sum;
      };
      const expected: string[] = [];
      for (let b = 0; b < count; b++)
        for (let a = 0; a < b; a++) if (cosine(a, b) >= threshold - 0.0005 && a % 3 !== 0) expected.push(`${a} ${b}`);

      const found = [...closePairs(vectors, { dimensions, threshold, apart: (a, b) => Math.min(a, b) % 3 !== 0 })].filter(
        (pair) => pair !== undefined,
      );

      expect(found.map(({ a, b }) => `${a} ${b}`).sort()).toEqual(expected.sort());
      for (const { a, b, cosine: told } of found) expect(told).toBeCloseTo(cosine(a, b), 2);
    }),
    { numRuns: 20 },
  );
});

test('shuffling moves letters only, and always in the same way', () => {
  const text = 'the keys, all 3 of them, are in the blue bowl.';

  const other = shuffled(text);

  expect(other).not.toBe(text);
  expect(shuffled(text)).toBe(other);
  expect([...other].sort()).toEqual([...text].sort());
  expect(other.replace(/\p{L}/gu, '·')).toBe(text.replace(/\p{L}/gu, '·'));
});
