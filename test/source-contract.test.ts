import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { snapshotActivities } from '../activities/snapshot.ts';
import type { Snapshot } from '../core/dataset.ts';
import type { Source } from '../core/source.ts';
import { SourceRow } from '../core/source-row.ts';
import { type Batch, type Cursor, openSource } from '../sources/index.ts';
import { SourceProblem } from '../sources/source-problem.ts';
import { aPlace, connectors, type Given } from './support/connectors.ts';
import { aFolder, aStep, someArtifacts } from './support/words.ts';

const secret = 'words that must stay in the house';

const someRows = (count: number, more: Partial<Given> = {}): Given[] =>
  Array.from({ length: count }, (_, i) => ({
    id: String(i + 1),
    text: `${secret}, line ${i + 1} «${(i * 7919).toString(36)}» 💜 ค่ะ`,
    ...more,
  }));

async function batchesOf(source: Source, after?: Cursor): Promise<Batch[]> {
  const batches: Batch[] = [];
  for await (const batch of openSource(source).read(after)) batches.push(batch);
  return batches;
}
const rowsIn = (batches: readonly Batch[]) => batches.flatMap((batch) => batch.rows);
const wordsIn = (batches: readonly Batch[]) => rowsIn(batches).map((row) => ('text' in row ? row.text : undefined));
const asideIn = (batches: readonly Batch[]) => batches.flatMap((batch) => batch.quarantined);
const problemOf = (reading: Promise<unknown>): Promise<SourceProblem> =>
  reading.then(
    () => expect.fail('it could be read'),
    (error: unknown) => {
      expect(error).toBeInstanceOf(SourceProblem);
      return error as SourceProblem;
    },
  );

/** Takes a snapshot as a worker with this home would; `open` stands between, to break off. */
const take = (sources: Source[], { home = aFolder(), artifacts = someArtifacts(), open = openSource } = {}): Promise<Snapshot> =>
  snapshotActivities({ artifacts, settings: { home } }, open).takeSnapshot(aStep({ persona: 'ada', sources }));

/** Opens sources that break off after so many batches, and remembers from where they were read. */
function breakingOffAfter(batches: number, readFrom: (Cursor | undefined)[] = []): typeof openSource {
  return (source) => {
    const opened = openSource(source);
    return {
      ...opened,
      async *read(after) {
        readFrom.push(after);
        let left = batches;
        for await (const batch of opened.read(after)) {
          if (left-- === 0) throw new SourceProblem('the line went dead', { passing: true });
          yield batch;
        }
        if (left === 0) throw new SourceProblem('the line went dead', { passing: true });
      },
    };
  };
}

describe.each(connectors)('$name', ({ lay, nowhere, unchanging = '' }) => {
  test('gives every row in its order, under its consent, and the same again', async () => {
    const given = someRows(1201);
    const source = await lay(aPlace(), given, {});

    const batches = await batchesOf(source);

    expect(wordsIn(batches)).toEqual(given.map((row) => row.text));
    for (const row of rowsIn(batches)) expect(SourceRow.parse(row)).toMatchObject({ source: 'place', consent: 'c1' });
    expect(new Set(rowsIn(batches).map((row) => row.id)).size).toBe(given.length);
    expect(await batchesOf(source)).toEqual(batches);
  });

  test('hands over many rows in small batches', async () => {
    const source = await lay(aPlace(), someRows(5000), {});

    const batches = await batchesOf(source);

    expect(rowsIn(batches)).toHaveLength(5000);
    for (const { rows } of batches) expect(rows.length).toBeLessThanOrEqual(1000);
  });

  test('goes on after any batch with what follows it, and with none of it again', async () => {
    const source = await lay(aPlace(), someRows(2500), {});
    const whole = await batchesOf(source);

    for (const [i, { cursor }] of whole.entries()) {
      expect(rowsIn(await batchesOf(source, cursor))).toEqual(rowsIn(whole.slice(i + 1)));
    }
    expect(whole.length).toBeGreaterThan(2);
  });

  test('never goes on from a place that is no longer what it was', async ({ skip }) => {
    const place = aPlace();
    const source = await lay(place, someRows(1200), {});
    skip(openSource(source).oneMoment === true, 'it is read from the start');
    skip(unchanging !== '', unchanging);
    const [first] = await batchesOf(source);
    await lay(place, someRows(1200).toSpliced(3, 1), {});

    const problem = await problemOf(batchesOf(source, first?.cursor));

    expect(problem).toMatchObject({ changed: true, message: expect.stringContaining('place') });
  });

  test('goes on into what was written behind the rest', async ({ skip }) => {
    skip(unchanging !== '', unchanging);
    const place = aPlace();
    const source = await lay(place, someRows(1200), {});
    const before = await batchesOf(source);
    await lay(place, someRows(1300), {});

    const after = await batchesOf(source, before.at(-1)?.cursor);

    expect(wordsIn(after)).toEqual(
      someRows(1300)
        .slice(1200)
        .map((row) => row.text),
    );
  });

  test('no longer gives what was deleted', async () => {
    const place = aPlace();
    await lay(place, someRows(10), {});

    const source = await lay(place, someRows(10).toSpliced(4, 1), {});

    expect(wordsIn(await batchesOf(source))).toEqual(
      someRows(10)
        .toSpliced(4, 1)
        .map((row) => row.text),
    );
  });

  test('puts a row aside that cannot be read, says where and why, and takes the rest', async () => {
    const given = someRows(9).map((row, i) => ({ ...row, broken: i === 2 || i === 6 }));
    const source = await lay(aPlace(), given, {});

    const batches = await batchesOf(source);

    expect(wordsIn(batches)).toEqual(given.filter((row) => !row.broken).map((row) => row.text));
    expect(asideIn(batches)).toHaveLength(2);
    for (const { place, reason } of asideIn(batches)) {
      expect(place).toMatch(/\d/);
      expect(reason).not.toBe('');
      expect(`${place} ${reason}`).not.toContain(secret);
    }
  });

  test('puts a row aside that is longer than it may be', async () => {
    const given = someRows(5);
    given[2] = { id: '3', text: `${secret} `.repeat(10_000) };
    const source = await lay(aPlace(), given, { maxRowBytes: 4096 });

    const batches = await batchesOf(source);

    expect(wordsIn(batches)).toEqual(given.toSpliced(2, 1).map((row) => row.text));
    expect(asideIn(batches)).toEqual([{ place: expect.stringMatching(/\d/), reason: 'longer than maxRowBytes' }]);
  });

  test('a snapshot that broke off after any batch goes on to be the very same', async () => {
    const source = await lay(aPlace(), someRows(2200), {});
    const whole = await take([source]);
    const count = (await batchesOf(source)).length;
    const { oneMoment } = openSource(source);

    for (let after = 0; after <= count; after++) {
      const home = aFolder();
      const readFrom: (Cursor | undefined)[] = [];
      await expect(take([source], { home, open: breakingOffAfter(after) })).rejects.toThrow('the line went dead');

      const resumed = await take([source], { home, open: breakingOffAfter(Number.POSITIVE_INFINITY, readFrom) });

      expect(resumed).toEqual(whole);
      expect(readFrom).toHaveLength(1);
      expect(readFrom[0] !== undefined).toBe(after > 0 && !oneMoment);
      expect(readdirSync(join(home, 'work', 'snapshots'))).toEqual([]);
    }
    expect(count).toBeGreaterThan(2);
  });

  test('takes what is there twice once, and puts aside what has an id of other words', async () => {
    const given = someRows(6);
    const source = await lay(aPlace(), [...given, given[1]!, { id: '3', text: `${secret}, but others` }], {});
    const artifacts = someArtifacts();

    const snapshot = await take([source], { artifacts });

    const reason = 'its id was given before to other words';
    expect(snapshot.sources).toMatchObject([{ rows: 6, repeated: 1, quarantined: [{ reason, rows: 1 }] }]);
    const aside = (await artifacts.get(snapshot.quarantined!)).toString();
    expect(JSON.parse(aside)).toEqual({ source: 'place', place: expect.stringContaining('3'), reason });
    expect(aside).not.toContain(secret);
  });

  test('is an error where it is empty, and is named where it may be', async () => {
    const artifacts = someArtifacts();
    const full = await connectors[1]!.lay(aPlace(), someRows(3), { name: 'other' });
    const empty = (more: object) => lay(aPlace(), [], more);

    await expect(take([full, await empty({})])).rejects.toMatchObject({ nonRetryable: true, message: expect.stringContaining('place') });
    const snapshot = await take(
      [full, await empty({ optional: true }), await lay(aPlace(), [], { ...nowhere, name: 'away', optional: true })],
      {
        artifacts,
      },
    );

    expect(snapshot.rows).toBe(3);
    expect(snapshot.sources.map(({ name, state }) => [name, state])).toEqual([
      ['other', 'read'],
      ['place', expect.stringMatching(/^(empty|absent)$/)],
      ['away', 'absent'],
    ]);
    expect(snapshot.sources[2]?.why).toContain('away');
  });

  test('says that there is nothing where nothing is', async () => {
    const source = await lay(aPlace(), someRows(1), nowhere);

    expect(await problemOf(batchesOf(source))).toMatchObject({ absent: true, message: expect.stringContaining('place') });
  });
});
