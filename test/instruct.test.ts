import { expect, test } from 'vitest';
import { buildRows } from '../core/dataset-rows/build.ts';
import { instruct } from '../core/recipes/formats.ts';
import { shapeOf } from '../core/recipes/shape.ts';
import { SourceRow } from '../core/source-row.ts';
import { makeLife } from '../scripts/world/life.ts';
import { aRequest } from './support/words.ts';

test('a world of 24,000 messages gives more than 10,000 real pairs, and slices of their contexts besides', () => {
  const { tables } = makeLife({ seed: 7, rows: 24_000 });
  const rows = Object.entries(tables).flatMap(([table, told]) =>
    told.map((row) => SourceRow.parse({ table, source: 'world', ...row, id: String(row.id) })),
  );
  const said = new Set(
    rows.flatMap((row) =>
      Object.values(row)
        .filter((value) => typeof value === 'string')
        .map((text) => text.trim()),
    ),
  );
  const request = aRequest(
    {
      categories: { emotional: { minIntensity: 8 }, contextual: {}, selfAwareness: {}, knowledge: {} },
      augment: { kinds: ['slices'], where: { category: ['emotional', 'contextual'] } },
    },
    { subject: 'Angela', partner: 'David' },
  );

  const { split, problems, shaping, counts } = buildRows(request, rows, { shaping: shapeOf(request) });

  const pairs = Object.values(split)
    .flat()
    .map((row) => instruct(row, 'Angela'));
  const real = pairs.filter((pair) => pair.real);
  expect(problems).toEqual([]);
  expect(real.length).toBeGreaterThanOrEqual(10_000);
  const slices = pairs.filter((pair) => pair.made === 'slices');
  expect(slices.length).toBe(pairs.length - real.length);
  expect(counts.synthetic).toEqual({ slices: slices.length });
  expect(shaping).toMatchObject({ mix: { used: split.train.length, synthetic: slices.length } });
  // Every reply is what she said, or what she learnt with what came of it: no word is changed.
  const verbatim = pairs.filter(({ reply }) => said.has(reply) || reply.split('\n').every((line) => said.has(line)));
  const learnt = new Set(rows.flatMap((row) => (row.table === 'learnings' ? [`${row.learning} ${row.applied}`.trim()] : [])));
  expect(verbatim.length + pairs.filter(({ reply }) => learnt.has(reply) && !said.has(reply)).length).toBe(pairs.length);
}, 120_000);
