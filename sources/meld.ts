import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { didYouMean } from '../core/did-you-mean.ts';
import { parseCsv } from '../core/text/csv.ts';
import { repaired, windows1252Text } from '../core/text/encoding.ts';
import { type FilledRow, fillTables } from './fill.ts';
import { SourceProblem } from './source-problem.ts';

/** Stands where a consent would: the words are used under a licence. */
export const meldLicence = 'licence:GPL-3.0:declare-lab/MELD';

const parts = ['train', 'dev', 'test'] as const;
const columns = ['Utterance', 'Speaker', 'Emotion', 'Dialogue_ID', 'Utterance_ID', 'Season', 'Episode'] as const;

export type MeldImport = {
  schema: string;
  rows: number;
  conversations: number;
  /** Lines of the speaker. */
  lines: number;
  emotions: Record<string, number>;
  /** Texts whose characters had been mangled and could be proven. */
  repaired: number;
};

type Line = { part: string; dialogue: number; utterance: number; order: number; speaker: string; text: string; emotion: string };

/**
 * Loads every dialogue of MELD in which a character speaks into `conversations`, in a schema named after them.
 * The same folder gives the same rows; loading again replaces what an earlier load made, and nothing else.
 */
export async function importMeld(request: { folder: string; speaker: string; database: string; schema?: string }): Promise<MeldImport> {
  const files = parts.map((part) => ({ part, path: join(request.folder, `${part}_sent_emo.csv`) })).filter(({ path }) => existsSync(path));
  if (files.length === 0) throw new SourceProblem(`${request.folder} has no train_sent_emo.csv. Give the folder with MELD's CSV files.`);
  const read = files.map(({ part, path }) => readPart(part, path));
  const lines = read.flatMap((file) => file.lines);

  const spoken = new Set(lines.filter((line) => line.speaker === request.speaker).map((line) => `${line.part}-${line.dialogue}`));
  if (spoken.size === 0) {
    const speakers = [...Map.groupBy(lines, (line) => line.speaker)]
      .sort(([, a], [, b]) => b.length - a.length)
      .map(([speaker]) => speaker);
    const meant = didYouMean(request.speaker, speakers);
    throw new SourceProblem(
      `Nobody called ${request.speaker} speaks in ${request.folder}${meant === undefined ? '' : `, did you mean ${meant}?`} (most lines: ${speakers.slice(0, 8).join(', ')}).`,
    );
  }
  const chosen = lines.filter((line) => spoken.has(`${line.part}-${line.dialogue}`)).sort(byStory);
  const schema = request.schema ?? request.speaker.toLowerCase().replace(/\W+/g, '_');
  await fillTables(request.database, { schema, madeBy: 'import meld', tables: { conversations: toRows(chosen) } });
  const own = chosen.filter((line) => line.speaker === request.speaker);
  return {
    schema,
    rows: chosen.length,
    conversations: spoken.size,
    lines: own.length,
    emotions: Object.fromEntries([...Map.groupBy(own, (line) => line.emotion)].sort().map(([emotion, said]) => [emotion, said.length])),
    repaired: read.reduce((sum, file) => sum + file.repaired, 0),
  };
}

function readPart(part: string, path: string): { lines: Line[]; repaired: number } {
  const bytes = readFileSync(path);
  let records: ReturnType<typeof parseCsv>;
  try {
    records = parseCsv(textOf(bytes));
  } catch (error) {
    throw new SourceProblem(`${path}: ${error instanceof Error ? error.message : 'not CSV'}.`);
  }
  const head = records[0]?.cells.map((cell) => cell.trim()) ?? [];
  const at = Object.fromEntries(columns.map((column) => [column, head.indexOf(column)])) as Record<(typeof columns)[number], number>;
  const missing = columns.filter((column) => at[column] < 0);
  if (missing.length > 0) throw new SourceProblem(`${path}:1 has no column ${missing.join(', ')} (there is: ${head.join(', ')}).`);

  let mended = 0;
  const lines = records.slice(1).map(({ line, cells }): Line => {
    const cell = (column: (typeof columns)[number]) => (cells[at[column]] ?? '').trim();
    const whole = (column: (typeof columns)[number]) => {
      if (!/^\d+$/.test(cell(column))) throw new SourceProblem(`${path}:${line}: ${column} is not a whole number.`);
      return Number(cell(column));
    };
    const text = windows1252Text(repaired(cell('Utterance')));
    if (text !== cell('Utterance')) mended++;
    return {
      part,
      dialogue: whole('Dialogue_ID'),
      utterance: whole('Utterance_ID'),
      order: whole('Season') * 1000 + whole('Episode'),
      speaker: windows1252Text(repaired(cell('Speaker'))),
      text,
      emotion: cell('Emotion').toLowerCase(),
    };
  });
  return { lines, repaired: mended };
}

/** UTF-8 where it is; the encoding of MELD's older copies where it is not. */
function textOf(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder('windows-1252').decode(bytes); // every byte is a character there, so nothing can be lost
  }
}

const byStory = (a: Line, b: Line) =>
  a.order - b.order ||
  parts.indexOf(a.part as 'train') - parts.indexOf(b.part as 'train') ||
  a.dialogue - b.dialogue ||
  a.utterance - b.utterance;

/** The data set has no dates: a season is a year, an episode a week, a dialogue an hour and a line a few seconds. */
function toRows(lines: readonly Line[]): FilledRow[] {
  const started = Date.UTC(1994, 8, 22);
  const [week, year, hour] = [7 * 86_400_000, 365 * 86_400_000, 3_600_000];
  let before: Line | undefined;
  let [inEpisode, inDialogue] = [0, 0];
  return lines.map((line, i) => {
    if (before?.order !== line.order) inEpisode = 0;
    else if (before.dialogue !== line.dialogue || before.part !== line.part) inEpisode += 2;
    inDialogue = before?.order === line.order && before.dialogue === line.dialogue && before.part === line.part ? inDialogue + 1 : 0;
    before = line;
    const [season, episode] = [Math.floor(line.order / 1000), line.order % 1000];
    const at = started + (season - 1) * year + (episode - 1) * week + inEpisode * hour + inDialogue * 4000;
    return {
      id: i + 1,
      conversation: `${line.part}-${line.dialogue}`,
      speaker: line.speaker,
      text: line.text,
      at: new Date(at).toISOString(),
      language: 'en',
      topic: null,
      emotion: line.emotion,
      consent: meldLicence,
    };
  });
}
