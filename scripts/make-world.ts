import { once } from 'node:events';
import { createWriteStream, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { readSettings, stackFileOf } from '../platform/settings.ts';
import { fillTables } from '../sources/fill.ts';
import { makeLife } from './world/life.ts';
import { makeOthers } from './world/others.ts';

const usage = `Makes the demo world: a year of David and Angela in a database, or the talk of other people in a file.
Without --database it is TROUPE_DEMO_DATABASE_URL, else the demo database of the local stack.

  node scripts/make-world.ts [--database URL] [--seed 7] [--rows 4600] [--truth FILE]
  node scripts/make-world.ts --others N --out FILE [--seed 7]`;

/** Fills a source database with a year of two people's life. What is in it that is not ours is refused, never touched. */
export async function fillWorld(
  url: string,
  options: { seed?: number; rows?: number; truth?: string | undefined } = {},
): Promise<Record<string, number>> {
  const { tables, truth } = makeLife({ seed: options.seed ?? 7, rows: options.rows ?? 4600 });
  await fillTables(url, { schema: 'public', madeBy: 'make-world', tables });
  if (options.truth !== undefined) writeFileSync(options.truth, `${JSON.stringify(truth, null, 1)}\n`);
  return Object.fromEntries(Object.entries(tables).map(([table, rows]) => [table, rows.length]));
}

/** Writes JSON lines `{"messages": …}` of people who are neither Angela nor David. */
async function writeOthers(path: string, options: { seed?: number; conversations: number }): Promise<void> {
  const out = createWriteStream(path);
  for (const talk of makeOthers({ seed: options.seed ?? 7, conversations: options.conversations }))
    if (!out.write(`${JSON.stringify(talk)}\n`)) await once(out, 'drain');
  out.end();
  await once(out, 'finish');
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      database: { type: 'string' },
      seed: { type: 'string', default: '7' },
      rows: { type: 'string', default: '4600' },
      truth: { type: 'string' },
      others: { type: 'string' },
      out: { type: 'string' },
    },
  });
  const whole = (name: 'seed' | 'rows' | 'others') => {
    const text = values[name] ?? '';
    if (!/^\d+$/.test(text)) throw new Error(`--${name} must be a whole number, not "${text}"`);
    return Number(text);
  };
  const { others, out, truth } = values;
  if (others !== undefined && out !== undefined) {
    await writeOthers(out, { seed: whole('seed'), conversations: whole('others') });
    console.log(`${others} conversations in ${out}`);
  } else if (others !== undefined || out !== undefined) {
    throw new Error(`--others and --out go together.\n\n${usage}`);
  } else {
    const database = values.database ?? process.env.TROUPE_DEMO_DATABASE_URL ?? stackFileOf(readSettings().home)?.demoDatabase;
    if (database === undefined) throw new Error(`No database: give --database URL, or start the local stack (./troupe up).\n\n${usage}`);
    const rows = await fillWorld(database, { seed: whole('seed'), rows: whole('rows'), truth });
    for (const [table, count] of Object.entries(rows)) console.log(`${table} ${count}`);
  }
}
