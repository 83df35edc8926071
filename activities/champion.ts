import type { Champion, ChampionRequest } from '../core/release.ts';
import type { StepRequest } from '../core/run.ts';
import { listAdoptions } from '../platform/db/adoptions.ts';
import { findAlias } from '../platform/db/aliases.ts';
import type { ReleaseRow } from '../platform/db/releases.ts';
import { fullName } from '../platform/ollama.ts';
import type { Platform } from '../platform/platform.ts';
import { beating } from './beating.ts';
import { checkName, ensureKept } from './serving.ts';

export const championActivities = (platform: Platform) => ({
  /** What the persona speaks with now, ready to be asked; the frozen release beside it, and the adopted model from before Troupe. */
  async findChampion({ input: { persona, serving } }: StepRequest<ChampionRequest>): Promise<Champion> {
    await checkName(platform, { persona, name: serving.name }); // now, and not after a training and a person's yes
    const [row, frozen, adoptions] = await Promise.all([
      findAlias(platform.db, { persona, alias: 'champion' }),
      findAlias(platform.db, { persona, alias: 'anchor' }),
      listAdoptions(platform.db, { persona }),
    ]);
    const before = [serving.baseline, serving.name].flatMap((name) => adoptions.filter((one) => name && one.name === fullName(name)));
    const isChampion = frozen !== undefined && frozen.id === row?.id;
    const kept = (release: ReleaseRow | undefined) => release && beating({ persona }, () => ensureKept(platform, release));
    const champion = await kept(row);
    const anchor = await kept(isChampion ? undefined : frozen);
    return {
      release: champion?.id ?? null,
      digest: champion?.candidate ?? null,
      tag: champion?.keptTag ?? null,
      model: champion?.model ?? null,
      baseline: before[0]?.keptTag ?? null,
      anchor: { release: frozen?.id ?? null, isChampion, tag: anchor?.keptTag ?? null, model: anchor?.model ?? null },
    };
  },
});
