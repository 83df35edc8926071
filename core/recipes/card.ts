import { percent } from '../shares.ts';
import type { MixReport } from './mix.ts';

/** What a recipe did, as the dataset card tells it: asked, available and used of each bucket, and what was made. */
export function recipeText(shaping: Record<string, unknown>): string {
  const { mix, augmentation } = shaping as {
    mix?: MixReport;
    augmentation?: { by: string; made: number; likeHeldOut: number };
  };
  if (mix === undefined) return '';
  const absent = mix.buckets.filter((bucket) => bucket.absent).map(({ name }) => name);
  const lines = [
    '## Mix of the training rows',
    '',
    `${mix.used} of ${mix.total} rows that were asked for; ${mix.unplaced} that are in no bucket were left out; ${mix.synthetic} (${percent(mix.synthetic / Math.max(1, mix.used))}) are synthetic.`,
    ...(absent.length > 0 ? [`${absent.join(', ')} is absent: its share is handed to the others.`] : []),
    '',
    '| bucket | asked | of what there is | available | synthetic | used | share |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...mix.buckets.map(
      ({ name, asked, share, available, used, usedShare }) =>
        `| ${name} | ${percent(asked)} | ${percent(share)} | ${available.real} | ${available.synthetic} | ${used.rows} | ${percent(usedShare)} |`,
    ),
    '',
  ];
  if (augmentation !== undefined)
    lines.push(
      `Variants of the other side's words were made by ${augmentation.by === 'rules' ? 'rules' : `the model ${augmentation.by} and by rules`}: ${augmentation.made}; ${augmentation.likeHeldOut} more were too like a held-out row. The persona's words are as they were.`,
      '',
    );
  return `${lines.join('\n')}\n`;
}
