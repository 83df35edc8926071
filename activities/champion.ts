import type { Champion, ChampionRequest } from '../core/release.ts';
import type { StepRequest } from '../core/run.ts';
import { listAdoptions } from '../platform/db/adoptions.ts';
import { findAlias } from '../platform/db/aliases.ts';
import { fullName } from '../platform/ollama.ts';
import type { Platform } from '../platform/platform.ts';
import { beating } from './beating.ts';
import { ensureKept } from './serving.ts';

export const championActivities = (platform: Platform) => ({
  /** What the persona speaks with now, ready to be asked, and the adopted model from before Troupe. */
  async findChampion({ input: { persona, serving } }: StepRequest<ChampionRequest>): Promise<Champion> {
    const [row, adoptions] = await Promise.all([
      findAlias(platform.db, { persona, alias: 'champion' }),
      listAdoptions(platform.db, { persona }),
    ]);
    const before = [serving.baseline, serving.name].flatMap((name) => adoptions.filter((one) => name && one.name === fullName(name)));
    const champion = row && (await beating({ persona }, () => ensureKept(platform, row)));
    return {
      release: champion?.id ?? null,
      digest: champion?.candidate ?? null,
      tag: champion?.keptTag ?? null,
      model: champion?.model ?? null,
      baseline: before[0]?.keptTag ?? null,
    };
  },
});
