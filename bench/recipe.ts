/** What a recipe of shares costs: the whole of configs/personas/ada.yaml at 30,000 samples, with and without its journal. `node bench/recipe.ts [--scale 1]` */
import { rmSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { makeAda } from '../test/support/ada.ts';

const { values } = parseArgs({ options: { scale: { type: 'string', default: '1' } } });
for (const without of [[], ['journal']]) {
  const { folder, snapshot, manifest, seconds } = await makeAda({ scale: Number(values.scale), without });
  rmSync(folder, { recursive: true });
  console.log(
    `${without.length === 0 ? 'all four sources' : 'without the journal'}: ${snapshot.rows} source rows, ${JSON.stringify(manifest.rows)}`,
  );
  for (const { name, asked, share, absent, available, used, usedShare } of manifest.shaping.mix.buckets)
    console.log(
      `  ${name}  asked ${asked}, ${absent ? 'absent' : `of what there is ${share}`}, available ${available.real} + ${available.synthetic} synthetic, used ${used.rows} (${usedShare})`,
    );
  console.log(
    `  snapshot ${seconds.snapshot.toFixed(1)} s, data set ${seconds.dataset.toFixed(1)} s, peak ${Math.round(process.resourceUsage().maxRSS / 1024)} MiB`,
  );
}
