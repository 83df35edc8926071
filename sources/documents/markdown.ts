import { parse } from 'yaml';
import { notedOf } from '../passages.ts';
import { anchors, type Part, type Read } from './parts.ts';

const longestFrontMatter = 64 * 1024;

/** Markdown by its headings (CommonMark: ATX and setext), with the words as they are written; comments are left out. */
export function readMarkdown(whole: string): Read {
  const front = /^---[ \t]*\r?\n([\s\S]*?)\r?\n(?:---|\.\.\.)[ \t]*(?:\r?\n|$)/.exec(whole);
  const { about, problems } = aboutOf(front?.[1]);
  return { about, problems, parts: sections(front === null ? whole : whole.slice(front[0].length)) };
}

function aboutOf(front: string | undefined): Pick<Read, 'about' | 'problems'> {
  if (front === undefined) return { about: {}, problems: [] };
  try {
    const said: unknown = front.length > longestFrontMatter ? undefined : parse(front, { maxAliasCount: 10, logLevel: 'error' });
    if (typeof said !== 'object' || said === null) throw new TypeError('not a map');
    const field = (...names: string[]): string | undefined =>
      Object.entries(said)
        .filter(([name, value]) => names.includes(name.toLowerCase()) && (typeof value === 'string' || typeof value === 'number'))
        .map(([, value]) => String(value))[0];
    const [title, author, date] = [field('title'), field('author', 'by'), field('date', 'created', 'at')];
    const [language, topic] = [field('language', 'lang'), field('topic', 'category')];
    const noted = notedOf(field);
    return {
      about: {
        ...(title && { title }),
        ...(author && { author }),
        ...(date && { date }),
        ...(language && { language }),
        ...(topic && { topic }),
        ...(typeof noted !== 'string' && { noted }),
      },
      problems: typeof noted === 'string' ? [{ anchor: '', reason: noted }] : [],
    };
  } catch {
    return { about: {}, problems: [{ anchor: '', reason: 'its front matter cannot be read' }] };
  }
}

function* sections(body: string): Generator<Part> {
  const anchorOf = anchors();
  let [title, lines]: [string | null, string[]] = [null, []];
  let fence: string | undefined;
  const part = (): Part[] => {
    const text = lines.join('\n').trim();
    if (text === '') return [];
    return [{ anchor: title === null ? '' : anchorOf(title), title, text }];
  };
  for (const line of withoutComments(body).split(/\r?\n/)) {
    const mark = /^ {0,3}(`{3,}|~{3,})/.exec(line)?.[1];
    if (fence === undefined && mark !== undefined) fence = mark;
    else if (fence !== undefined && mark?.startsWith(fence) && line.trim() === mark) fence = undefined;
    const heading = fence === undefined && mark === undefined ? headingIn(line, lines.at(-1)) : undefined;
    if (heading === undefined) {
      lines.push(line);
      continue;
    }
    if (heading.underlined) lines.pop();
    yield* part();
    [title, lines] = [heading.text, []];
  }
  yield* part();
}

function headingIn(line: string, before: string | undefined): { text: string; underlined: boolean } | undefined {
  const atx = /^ {0,3}#{1,6}(?:[ \t]+|$)/.exec(line);
  if (atx !== null) return { text: plain(line.slice(atx[0].length).replace(/[ \t]#+[ \t]*$/, '')), underlined: false };
  if (before === undefined || before.trim() === '' || /^(?: {4}|\t|[ ]{0,3}(?:[-*+>|]|\d+[.)]))/.test(before)) return undefined;
  return /^ {0,3}(?:=+|-{2,})[ \t]*$/.test(line) ? { text: plain(before), underlined: true } : undefined;
}

/** A heading without its marks: emphasis, code, links. */
const plain = (heading: string): string =>
  heading
    .slice(0, 1000)
    .replace(/!?\[([^\][]*)\]\([^()]*\)/g, '$1')
    .replace(/[*_`]/g, '')
    .trim();

/** Without what no reader sees. One that is never closed hides the rest, as a browser would have it. */
function withoutComments(body: string): string {
  let kept = '';
  for (let at = 0; ; ) {
    const begins = body.indexOf('<!--', at);
    if (begins < 0) return kept + body.slice(at);
    kept += body.slice(at, begins);
    const ends = body.indexOf('-->', begins + 4);
    if (ends < 0) return kept;
    at = ends + 3;
  }
}
