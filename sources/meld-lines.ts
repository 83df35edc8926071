import { isUtf8 } from 'node:buffer';
import { didYouMean } from '../core/did-you-mean.ts';
import { parseCsv } from '../core/text/csv.ts';
import { repaired, windows1252Text } from '../core/text/encoding.ts';
import type { FoundFile } from './files/find.ts';
import { type Piece, splitRecords } from './files/pieces.ts';
import { piecesOf } from './files/read.ts';
import { SourceProblem } from './source-problem.ts';

/** The files of MELD (Poria et al. 2019), in their order. */
export const meldParts = ['train', 'dev', 'test'] as const;
type MeldPart = (typeof meldParts)[number];

const columns = ['Utterance', 'Speaker', 'Emotion', 'Dialogue_ID', 'Utterance_ID', 'Season', 'Episode'] as const;

/** MELD has 13,708 lines and 2 MB. Dialogues are put in order in memory, so there is an end to how much can be. */
const most = { lines: 100_000, bytes: 32 * 2 ** 20 };

/** One line that somebody says. `order` grows with season and episode. */
export type MeldLine = {
  part: MeldPart;
  dialogue: number;
  utterance: number;
  order: number;
  speaker: string;
  text: string;
  emotion: string;
  /** Its characters had been mangled, and could be proven. */
  mended: boolean;
};

export type MeldAside = { place: string; reason: string };

/** Every line of the files, and the records that are none. */
export async function readMeld(files: readonly (FoundFile & { part: MeldPart })[], maxRowBytes: number) {
  const lines: MeldLine[] = [];
  const aside: MeldAside[] = [];
  let bytes = 0;
  for (const file of files) {
    let head: Head | undefined;
    for await (const piece of recordsOf(file, maxRowBytes)) {
      const place = `${file.name}:${piece.n}`;
      if (head === undefined) {
        head = headOf(piece, place);
        continue;
      }
      const line = piece.problem ?? lineOf(file.part, head, cellsOf(piece));
      if (typeof line === 'string') aside.push({ place, reason: line });
      else lines.push(line);
      bytes += piece.bytes.length;
      if (lines.length + aside.length > most.lines || bytes > most.bytes)
        throw new SourceProblem(`${place}: more than MELD has. Give the folder with MELD's CSV files.`);
    }
  }
  return { lines, aside };
}

async function* recordsOf(file: FoundFile, maxRowBytes: number): AsyncGenerator<Piece> {
  for await (const pieces of piecesOf(file, splitRecords(maxRowBytes))) yield* pieces;
}

/** UTF-8 where it is; the encoding of MELD's older copies where it is not: every byte is a character there, so nothing is lost. */
const cellsOf = ({ bytes }: Piece): string[] => {
  const text = isUtf8(bytes) ? bytes.toString('utf8') : new TextDecoder('windows-1252').decode(bytes);
  return parseCsv(text)[0]?.cells.map((cell) => cell.trim()) ?? [];
};

type Head = Record<(typeof columns)[number], number>;

function headOf(piece: Piece, place: string): Head {
  const head = piece.problem === undefined ? cellsOf(piece) : [];
  const missing = columns.filter((column) => !head.includes(column));
  if (missing.length > 0)
    throw new SourceProblem(`${place} has no column ${missing.join(', ')}. Give the folder with MELD's CSV files as they were published.`);
  return Object.fromEntries(columns.map((column) => [column, head.indexOf(column)])) as Head;
}

/** The line that a record holds, or why it holds none. */
function lineOf(part: MeldPart, head: Head, cells: string[]): MeldLine | string {
  const cell = (column: (typeof columns)[number]) => cells[head[column]] ?? '';
  for (const column of ['Dialogue_ID', 'Utterance_ID'] as const)
    if (!/^\d{1,9}$/.test(cell(column))) return `${column} is not a whole number`;
  for (const column of ['Season', 'Episode'] as const) if (!/^\d{1,3}$/.test(cell(column))) return `${column} is not a number up to 999`;
  const text = windows1252Text(repaired(cell('Utterance')));
  return {
    part,
    dialogue: Number(cell('Dialogue_ID')),
    utterance: Number(cell('Utterance_ID')),
    order: Number(cell('Season')) * 1000 + Number(cell('Episode')),
    speaker: windows1252Text(repaired(cell('Speaker'))),
    text,
    emotion: cell('Emotion').toLowerCase(),
    mended: text !== cell('Utterance'),
  };
}

const dialogueOf = (line: MeldLine) => `${line.part}-${line.dialogue}`;

/** Every dialogue in which somebody speaks, in the order of the story, with the moments it is taken to be said at. */
export function dialoguesWith(speaker: string, lines: readonly MeldLine[], folder: string) {
  const spoken = new Set(lines.filter((line) => line.speaker === speaker).map(dialogueOf));
  if (spoken.size === 0) {
    const speakers = [...Map.groupBy(lines, (line) => line.speaker)]
      .sort(([, a], [, b]) => b.length - a.length)
      .map(([name]) => name)
      .filter(mayBeShown);
    const meant = didYouMean(speaker, speakers);
    throw new SourceProblem(
      `Nobody called ${speaker} speaks in ${folder}${meant === undefined ? '' : `, did you mean ${meant}?`} (most lines: ${speakers.slice(0, 8).join(', ')}).`,
    );
  }
  return dated(told(lines.filter((line) => spoken.has(dialogueOf(line)))).sort(byStory));
}

/** A file with a quote too many may have words where names should be. */
const mayBeShown = (speaker: string) => /^[\p{L}\p{N}.'’-]+( [\p{L}\p{N}.'’-]+){0,3}$/u.test(speaker) && speaker.length <= 40;

type Told = MeldLine & { telling: number };

/** Where an utterance comes again, another telling of its dialogue begins: that one stands whole behind the one before. */
function told(lines: readonly MeldLine[]): Told[] {
  const newest = new Map<string, { telling: number; utterances: Set<number> }>();
  return lines.map((line) => {
    let at = newest.get(dialogueOf(line));
    if (at === undefined || at.utterances.has(line.utterance)) at = { telling: (at?.telling ?? 0) + 1, utterances: new Set() };
    newest.set(dialogueOf(line), at);
    at.utterances.add(line.utterance);
    return { ...line, telling: at.telling };
  });
}

const byStory = (a: Told, b: Told) =>
  a.order - b.order ||
  meldParts.indexOf(a.part) - meldParts.indexOf(b.part) ||
  a.dialogue - b.dialogue ||
  a.telling - b.telling ||
  a.utterance - b.utterance;

/** The data set has no dates: a season is a year, an episode a week, a dialogue two hours and a line a few seconds. */
function dated(lines: readonly Told[]): (MeldLine & { conversation: string; at: string })[] {
  const started = Date.UTC(1994, 8, 22);
  const [week, year, hour] = [7 * 86_400_000, 365 * 86_400_000, 3_600_000];
  let before: MeldLine | undefined;
  let inEpisode = 0;
  const inDialogue = new Map<number, number>(); // the place of each utterance: one that comes again was said once
  return lines.map((line) => {
    const same = before?.order === line.order && dialogueOf(before) === dialogueOf(line);
    inEpisode = before?.order !== line.order ? 0 : same ? inEpisode : inEpisode + 2;
    if (!same) inDialogue.clear();
    const place = inDialogue.get(line.utterance) ?? inDialogue.size;
    inDialogue.set(line.utterance, place);
    before = line;
    const [season, episode] = [Math.floor(line.order / 1000), line.order % 1000];
    const at = started + (season - 1) * year + (episode - 1) * week + inEpisode * hour + place * 4000;
    return { ...line, conversation: dialogueOf(line), at: new Date(at).toISOString() };
  });
}
