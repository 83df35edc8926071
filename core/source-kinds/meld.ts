import { z } from 'zod';
import { everySource, filePath, Licence } from './every-source.ts';

/** The dialogues of MELD in which one character speaks, straight from its CSV files. */
export const MeldSource = z
  .strictObject({
    kind: z.literal('meld'),
    ...everySource,
    licence: Licence.default({ id: 'GPL-3.0', from: 'declare-lab/MELD' }).describe(
      'The one under which MELD is published, unless you say otherwise.',
    ),
    language: everySource.language.default('en'),
    folder: filePath.describe('The folder with `train_sent_emo.csv`, and `dev_…` and `test_…` where you have them.'),
    speaker: z.string().min(1).describe("Whose dialogues are read, as MELD spells the name. The persona's `subject`."),
  })
  .meta({ id: 'MeldSource' });
export type MeldSource = z.infer<typeof MeldSource>;
