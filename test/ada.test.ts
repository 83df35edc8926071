import { rmSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import type { DatasetRow } from '../core/dataset.ts';
import { type Asked, makeAda } from './support/ada.ts';

async function made(asked: Partial<Asked> = {}) {
  const ada = await makeAda({ scale: 0.05, ...asked });
  onTestFinished(() => rmSync(ada.folder, { recursive: true, force: true }));
  return ada;
}
const from = (row: DatasetRow) => row.origin[0]!.split('/')[0]!;
const heldOut = ({ rows }: Awaited<ReturnType<typeof made>>) => [...rows.validation, ...rows.test];

test("Ada's recipe mixes four sources by their shares, from files to rows", async () => {
  const ada = await made();

  expect(ada.rows.train).toHaveLength(1500);
  const shares = Object.fromEntries(ada.manifest.shaping.mix.buckets.map(({ name, asked, usedShare }) => [name, [asked, usedShare]]));
  for (const [asked, used] of Object.values(shares)) expect(Math.abs(asked! - used!)).toBeLessThanOrEqual(0.1);
  for (const { name, used } of ada.manifest.shaping.mix.buckets)
    expect(ada.rows.train.filter((row) => from(row) === name)).toHaveLength(used.rows);
  expect(ada.card).toContain('| hippocorpus | 40 % |');
  expect(ada.rows.train.filter((row) => from(row) === 'generated').every((row) => row.synthetic === 'generated')).toBe(true);
  expect(ada.rows.train.find((row) => from(row) === 'journal')?.metadata).toMatchObject({
    mood: expect.any(String),
    intensity: expect.any(Number),
  });
});

test('nothing that a machine wrote is tested with, and every human source is', async () => {
  const ada = await made();

  for (const row of heldOut(ada)) expect(row.synthetic).toBeUndefined();
  expect(new Set(heldOut(ada).map(from))).toEqual(new Set(['hippocorpus', 'journal', 'reddit']));
});

test('without the journal its fifth is handed to the others, and the card says so', async () => {
  const ada = await made({ without: ['journal'] });

  expect(ada.rows.train).toHaveLength(1500);
  expect(ada.manifest.shaping.mix.buckets.map(({ name, share, usedShare, absent }) => [name, share, usedShare, absent])).toEqual([
    ['hippocorpus', 0.5, expect.closeTo(0.5, 1), false],
    ['journal', 0, 0, true],
    ['reddit', 0.25, expect.closeTo(0.25, 1), false],
    ['generated', 0.25, expect.closeTo(0.25, 1), false],
  ]);
  expect(ada.card).toMatch(/journal is absent/);
});

test('the same files give the same data set, to the byte', async () => {
  const [one, other] = [await made({ scale: 0.02 }), await made({ scale: 0.02 })];

  expect(other.dataset).toEqual(one.dataset);
});
