import { isAbsolute, relative } from 'node:path';
import { textWidth } from './text-width.ts';

/** One thing that is wrong in a configuration file, and where. */
export type Problem = {
  /** As people would type it. */
  file: string;
  /** From 1. */
  line: number;
  column: number;
  /** Where in the document: `sources[0].url`. Empty for the document itself. */
  path: string;
  message: string;
  /** What the field is for, in the words of its schema. */
  help?: string;
  /** The lines around it, with a caret. Empty where there is nothing to show. */
  frame: string;
};

/** Where in a document something is. */
export type Path = readonly PropertyKey[];

/** `sources[0].url` */
export const pathText = (path: Path): string =>
  path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '');

const short = (path: string) => (path.length > 100 ? `${path.slice(0, 99)}…` : path);

/** The path from here, where that is shorter to type. */
export function shownPath(file: string): string {
  const near = relative(process.cwd(), file);
  return near.startsWith('..') || isAbsolute(near) || near === '' ? file : near;
}

/** Hides the password of a connection string that was pasted where only its variable's name belongs. */
export const withoutSecrets = (text: string): string => text.replaceAll(/(:\/\/)[^\s/@'"]+@/g, '$1***@');

/** Of longer lines only what stands around the mistake is shown. */
const shownWidth = 160;

/** The line at `start` and the two before it, with a caret under the bytes up to `end`. */
export function codeFrame(text: string, start: number, end: number): string {
  const lines = text.split('\n').map((line) => line.replace(/\r$/, ''));
  const before = text.slice(0, start).split('\n');
  const at = before.length - 1;
  const prefix = before[at]!;
  const line = lines[at] ?? '';
  const hides = withoutSecrets(line) !== line;
  const column = hides ? withoutSecrets(prefix).length : prefix.length;
  const from = column < shownWidth ? 0 : column - shownWidth / 2;
  const part = (whole: string) => whole.slice(from, from + shownWidth).toWellFormed();
  const shown = (content: string) => {
    const whole = withoutSecrets(content);
    return `${from > 0 ? '…' : ''}${part(whole)}${whole.length > from + shownWidth ? '…' : ''}`;
  };
  const gutter = String(at + 1).length;
  const above = lines
    .slice(Math.max(0, at - 2), at)
    .map((content, i, { length }) => `  ${String(at - length + i + 1).padStart(gutter)} │ ${shown(content)}`);
  const marked = line.slice(prefix.length, Math.min(line.length, prefix.length + Math.max(1, end - start), from + shownWidth));
  const caret = hides ? '^' : '^'.repeat(Math.max(1, textWidth(marked)));
  const indent = [...(from > 0 ? ' ' : ''), ...part(prefix)].map((one) => (one === '\t' ? '\t' : ' '.repeat(textWidth(one)))).join('');
  return [...above, `> ${String(at + 1).padStart(gutter)} │ ${shown(line)}`, `  ${' '.repeat(gutter)} │ ${indent}${caret}`].join('\n');
}

/** `configs/personas/angela.yaml:12:3: training.epoch: unknown key …`, the frame, and what the field is for. */
export function problemText(problem: Problem): string {
  const head = `${problem.file}:${problem.line}:${problem.column}: ${problem.path ? `${short(problem.path)}: ` : ''}${problem.message}`;
  const text = [head, problem.frame, problem.help ? `  ${problem.help}` : ''].filter(Boolean).join('\n');
  return text.replaceAll(/[^\P{Cc}\n\t]/gu, '\ufffd'); // a file could move the cursor and colour the terminal
}

/** A configuration that cannot be used. `problems` has all of them, `message` is what to print. */
export class ConfigError extends Error {
  override name = 'ConfigError';
  readonly problems: Problem[];

  constructor(problems: Problem[]) {
    super(problems.map(problemText).join('\n\n'));
    this.problems = problems;
  }
}
