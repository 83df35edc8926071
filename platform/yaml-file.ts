import { lstatSync, readFileSync } from 'node:fs';
import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, type YAMLError } from 'yaml';
import type { z } from 'zod';
import { codeFrame, type Path, type Problem, pathText, shownPath } from './config-error.ts';
import { explainedIssues } from './explained-issues.ts';
import { brokenQuote, controlCharacters, type Misuse, tooDeep, unreadablePart } from './yaml-misuse.ts';

/** What was read, and a way to say where something in it is wrong. `value` is undefined when it does not fit the schema. */
export type YamlFile<T> = {
  value: T | undefined;
  /** The document before its schema was looked at. */
  raw: unknown;
  problems: Problem[];
  problemAt(path: Path, message: string, options?: { key?: boolean }): Problem;
};

/** Reads one YAML file strictly. Every problem is collected, with its place; nothing is thrown for what people write. */
export function readYaml<S extends z.ZodType>(file: string, schema: S): YamlFile<z.infer<S>> {
  const shown = shownPath(file);
  const { bytes, broken } = bytesOf(file);
  if (broken) {
    const problem = { file: shown, ...broken, path: '' };
    return { value: undefined, raw: undefined, problems: [problem], problemAt: () => problem };
  }

  const text = new TextDecoder().decode(bytes);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true, stringKeys: true });
  const problemFrom = (start: number, end: number, path: Path, message: string, help?: string): Problem => {
    const { line, col } = lines.linePos(Math.min(start, text.length));
    return {
      file: shown,
      line: Math.max(1, line),
      column: Math.max(1, col),
      path: pathText(path),
      message,
      ...(help ? { help } : {}),
      frame: codeFrame(text, start, end),
    };
  };
  const problemAt: YamlFile<unknown>['problemAt'] = (path, message, options = {}) => {
    const { start, end } = spot(document, path, options.key ?? false);
    return problemFrom(start, end, path, message);
  };

  const told = (error: YAMLError) => {
    const { start, end, message } = misreading(document, text, error);
    return problemFrom(start, end, [], message);
  };
  // What follows the first mistake of syntax is mostly read wrong because of it. A key that comes twice misleads nobody.
  const unreadable = document.errors.find((error) => error.code !== 'DUPLICATE_KEY');
  if (unreadable !== undefined) return { value: undefined, raw: undefined, problems: [told(unreadable)], problemAt };
  const problems = [...document.errors, ...document.warnings].map(told);
  const refused = unreadablePart(document);
  if (refused !== undefined) {
    problems.push(problemFrom(refused.start, refused.end, [], refused.message));
    return { value: undefined, raw: undefined, problems, problemAt };
  }
  for (const { start, end, message } of controlCharacters(document)) problems.push(problemFrom(start, end, [], message));

  const raw: unknown = document.toJS({ maxAliasCount: -1 }); // what aliases stand for was measured above
  if (raw === null || raw === undefined) {
    return { value: undefined, raw, problems: [problemFrom(0, 1, [], 'the file is empty')], problemAt };
  }

  const parsed = schema.safeParse(raw);
  if (!parsed.success) {
    for (const { path, message, help, key } of explainedIssues(parsed.error.issues, raw, schema)) {
      const { start, end } = spot(document, path, key);
      problems.push(problemFrom(start, end, path, message, help));
    }
  }
  problems.sort((a, b) => a.line - b.line || a.column - b.column);
  return { value: parsed.success && problems.length === 0 ? parsed.data : undefined, raw, problems, problemAt };
}

/** The files of a folder that are read this way, without their ending. */
export const yamlName = (file: string): string | undefined => /^(.*)\.ya?ml$/.exec(file)?.[1];

/** A link counts, wherever it leads: reading it says what is wrong. */
export const isThere = (file: string): boolean => lstatSync(file, { throwIfNoEntry: false }) !== undefined;

type Broken = Pick<Problem, 'line' | 'column' | 'message' | 'frame'>;

function bytesOf(file: string): { bytes: Buffer; broken: Broken | undefined } {
  try {
    const bytes = readFileSync(file);
    return { bytes, broken: firstBrokenByte(bytes) };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const nowhere = code === 'ENOENT' && isThere(file);
    const message = nowhere ? 'this link leads nowhere: what it points at is gone' : `it cannot be read (${code})`;
    return { bytes: Buffer.alloc(0), broken: { line: 1, column: 1, message, frame: '' } };
  }
}

function firstBrokenByte(bytes: Buffer): Broken | undefined {
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) {
    return { line: 1, column: 1, message: 'this file is UTF-16: save it as UTF-8', frame: '' };
  }
  const strict = new TextDecoder('utf-8', { fatal: true });
  const decodes = (part: Buffer) => {
    try {
      strict.decode(part);
      return true;
    } catch {
      return false;
    }
  };
  if (decodes(bytes)) return undefined;
  let line = 1;
  for (let start = 0; ; line++) {
    const newline = bytes.indexOf(0x0a, start);
    const end = newline < 0 ? bytes.length : newline;
    const part = bytes.subarray(start, end);
    if (!decodes(part)) {
      let good = 0;
      for (let length = 1; length <= part.length; length++) if (decodes(part.subarray(0, length))) good = length;
      const prefix = part.subarray(0, good).toString('utf8');
      const byte = part[good]!.toString(16).padStart(2, '0');
      const shown = part.toString('utf8');
      return {
        line,
        column: [...prefix].length + 1,
        message: `byte 0x${byte} is not UTF-8: save the file as UTF-8`,
        frame: codeFrame(`${'\n'.repeat(line - 1)}${shown}`, line - 1 + prefix.length, line + prefix.length)
          .split('\n')
          .slice(-2)
          .join('\n'),
      };
    }
    start = end + 1;
  }
}

/** An error or a warning of the parser in our words, and where the mistake was made. */
function misreading(document: Document.Parsed, text: string, { code, pos: [start, end], message }: YAMLError): Misuse {
  const told = (words: string) => ({ start, end, message: words });
  const quote = brokenQuote(document, text, start);
  if (quote) return quote;
  if (code === 'RESOURCE_EXHAUSTION') return told(tooDeep);
  if (code === 'TAB_AS_INDENT') return told('a tab cannot indent in YAML: use spaces');
  if (code === 'DUPLICATE_KEY') return told('this key stands here twice: YAML would take one of them and forget the other');
  if (code === 'MULTIPLE_DOCS') return told('a second document begins here: one file holds one');
  if (code === 'TAG_RESOLVE_FAILED') return told(`\`${text.slice(start, end)}\` is a tag that means nothing here: leave it out`);
  return told(message.replace(/\s+at line \d+, column \d+:?[\s\S]*$/, '').replace(/^(.)/, (first) => first.toLowerCase()));
}

/** Where a path is in the text: its value, or its key when the value is missing, a map or a list. */
function spot(document: Document.Parsed, path: Path, wantKey: boolean): { start: number; end: number } {
  const resolved = (node: unknown): unknown => (isAlias(node) ? node.resolve(document) : node);
  const whole = (node: unknown): { start: number; end: number } | undefined => {
    const range = (node as Node | null)?.range;
    return range ? { start: range[0], end: range[1] } : undefined;
  };
  let node: unknown = document.contents;
  let best = { start: whole(node)?.start ?? 0, end: (whole(node)?.start ?? 0) + 1 };
  for (const [depth, part] of path.entries()) {
    const last = depth === path.length - 1;
    if (isMap(node)) {
      const pair = node.items.find((item) => String(isScalar(item.key) ? item.key.value : item.key) === String(part));
      if (!pair) return best;
      const key = whole(pair.key);
      const value = whole(pair.value);
      if (key) best = key;
      if (last && !wantKey && isScalar(pair.value) && value && value.end > value.start) return value;
      if (last && !wantKey && isAlias(pair.value) && value) return value;
      node = resolved(pair.value);
    } else if (isSeq(node)) {
      const item = node.items[Number(part)];
      const range = whole(item);
      if (!range) return best;
      best = isScalar(item) ? range : { start: range.start, end: range.start + 1 };
      node = resolved(item);
    } else {
      return best;
    }
  }
  return best;
}
