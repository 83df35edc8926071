import { existsSync, readFileSync } from 'node:fs';
import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { z } from 'zod';
import { didYouMean } from '../core/did-you-mean.ts';
import { codeFrame, type Problem, shownPath, withoutSecrets } from './config-error.ts';

type Path = readonly PropertyKey[];

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

  const told = (error: (typeof document.errors)[number]) =>
    problemFrom(error.pos[0], error.pos[1], [], yamlMessage(error.code, error.message));
  // What follows the first mistake of syntax is mostly read wrong because of it. A key that comes twice misleads nobody.
  const unreadable = document.errors.find((error) => error.code !== 'DUPLICATE_KEY');
  if (unreadable !== undefined) return { value: undefined, raw: undefined, problems: [told(unreadable)], problemAt };
  const problems = document.errors.map(told);

  let raw: unknown;
  try {
    raw = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    return { value: undefined, raw: undefined, problems: [...problems, problemFrom(0, 1, [], (error as Error).message)], problemAt };
  }
  if (raw === null || raw === undefined) {
    return { value: undefined, raw, problems: [problemFrom(0, 1, [], 'the file is empty')], problemAt };
  }

  const parsed = schema.safeParse(raw);
  if (!parsed.success) {
    const shape = z.toJSONSchema(schema, { io: 'input', target: 'draft-7' }) as Shape;
    for (const { path, message, help, key } of explained(parsed.error.issues, raw, shape)) {
      const { start, end } = spot(document, path, key);
      problems.push(problemFrom(start, end, path, message, help));
    }
  }
  problems.sort((a, b) => a.line - b.line || a.column - b.column);
  return { value: parsed.success && problems.length === 0 ? parsed.data : undefined, raw, problems, problemAt };
}

/** The files of a folder that are read this way, without their ending. */
export const yamlName = (file: string): string | undefined => /^(.*)\.ya?ml$/.exec(file)?.[1];

export const isThere = (file: string): boolean => existsSync(file);

const pathText = (path: Path): string =>
  path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '');

type Broken = Pick<Problem, 'line' | 'column' | 'message' | 'frame'>;

function bytesOf(file: string): { bytes: Buffer; broken: Broken | undefined } {
  try {
    const bytes = readFileSync(file);
    return { bytes, broken: firstBrokenByte(bytes) };
  } catch (error) {
    const message = `it cannot be read (${(error as NodeJS.ErrnoException).code})`;
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

function yamlMessage(code: string, message: string): string {
  if (code === 'TAB_AS_INDENT') return 'a tab cannot indent in YAML: use spaces';
  if (code === 'DUPLICATE_KEY') return 'this key stands here twice: YAML would take one of them and forget the other';
  if (code === 'MULTIPLE_DOCS') return 'a second document begins here: one file holds one';
  return message.replace(/\s+at line \d+, column \d+:?[\s\S]*$/, '').replace(/^(.)/, (first) => first.toLowerCase());
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

/** As much of JSON Schema as zod writes for our configuration. */
type Shape = {
  $ref?: string;
  definitions?: Record<string, Shape>;
  description?: string;
  properties?: Record<string, Shape>;
  propertyNames?: { enum?: string[] };
  additionalProperties?: Shape | boolean;
  items?: Shape;
  allOf?: Shape[];
  anyOf?: Shape[];
  oneOf?: Shape[];
};

type Explained = { path: Path; message: string; help?: string | undefined; key: boolean };

/** Where one entry or a list may stand, and only one of them was written: what is wrong with that one. */
function unfolded(issue: z.core.$ZodIssue): z.core.$ZodIssue[] {
  if (issue.code !== 'invalid_union') return [issue];
  const begun = issue.errors.filter((option) => !option.some(({ code, path }) => code === 'invalid_type' && path.length === 0));
  if (begun.length !== 1) return [issue];
  return begun[0]!.flatMap((inner) => unfolded({ ...inner, path: [...issue.path, ...inner.path] }));
}

function explained(folded: readonly z.core.$ZodIssue[], raw: unknown, root: Shape): Explained[] {
  const issues = folded.flatMap(unfolded);
  const found: Explained[] = [];
  const meantElsewhere = new Set<string>();
  for (const issue of issues) {
    if (issue.code !== 'unrecognized_keys') continue;
    const known = keysAt(root, issue.path);
    for (const key of issue.keys) {
      const path = [...issue.path, key];
      const here = didYouMean(key, known);
      if (here && valueAt(raw, [...issue.path, here]) === undefined) meantElsewhere.add(pathText([...issue.path, here]));
      found.push({ path, message: `unknown key. ${unknownKeyHint(key, issue.path, known, root)}`, key: true });
    }
  }
  for (const issue of issues) {
    if (issue.code === 'unrecognized_keys') continue;
    const missing = issue.code === 'invalid_type' && valueAt(raw, issue.path) === undefined;
    if (missing && meantElsewhere.has(pathText(issue.path))) continue;
    const [message, key] =
      issue.code === 'invalid_key' ? [`this key ${fit(issue.issues[0])}`, true] : [issueText(issue, valueAt(raw, issue.path)), false];
    found.push({
      path: issue.path,
      message,
      help: shapesAt(root, issue.path)
        .map(({ description }) => description)
        .find(Boolean),
      key,
    });
  }
  return found;
}

function unknownKeyHint(key: string, path: Path, known: string[], root: Shape): string {
  const near = didYouMean(key, known);
  if (near) return `Did you mean \`${near}\`?`;
  const elsewhere = placesOf(root, key).filter((place) => place !== pathText([...path, key]));
  if (elsewhere.length > 0 && elsewhere.length <= 3) return `It belongs at \`${elsewhere.join('` or `')}\`.`;
  return known.length > 0 ? `Known here: ${known.filter((name) => name !== '$schema').join(', ')}.` : '';
}

/** In words, what the patterns of our schemas ask for. */
const patternWords: Record<string, string> = {
  '^[a-z][a-z0-9-]*$': 'must be lower-case letters, digits and dashes, beginning with a letter',
  '^[a-z][a-z0-9-]{0,62}$': 'must be lower-case letters, digits and dashes, beginning with a letter, 63 at most',
  '^env:[A-Z][A-Z0-9_]*$': 'must be `env:` and the name of an environment variable, never a connection string',
  '^[a-z]{2}$': 'must be a language code of two letters, such as `th`',
};

function fit(issue: z.core.$ZodIssue | undefined): string {
  if (issue?.code !== 'invalid_format') return 'does not fit';
  const pattern = String((issue as { pattern?: string }).pattern ?? '').replace(/^\/|\/[a-z]*$/g, '');
  if (pattern.includes('millisecond|second')) return 'must be a length of time in words, such as `10 minutes`';
  return patternWords[pattern] ?? `must fit \`${pattern || issue.format}\``;
}

const typeWords: Record<string, string> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map of keys',
  record: 'a map of keys',
};

function issueText(issue: z.core.$ZodIssue, value: unknown): string {
  if (issue.code === 'invalid_type') {
    const wanted = typeWords[issue.expected] ?? issue.expected;
    if (value === undefined) return `missing: expected ${wanted}`;
    return `expected ${wanted}, got ${valueText(value)}${typeHint(issue.expected, value)}`;
  }
  if (issue.code === 'invalid_value') {
    const known = issue.values.map(String);
    const near = typeof value === 'string' ? didYouMean(value, known) : undefined;
    const wanted = known.length === 1 ? `\`${known[0]}\`` : `one of ${known.join(', ')}`;
    return value === undefined
      ? `missing: expected ${wanted}`
      : `expected ${wanted}, got ${valueText(value)}.${near ? ` Did you mean \`${near}\`?` : ''}`;
  }
  if (issue.code === 'invalid_union') {
    const { options, discriminator } = issue as { options?: unknown[]; discriminator?: string };
    if (discriminator && options) {
      const known = options.map(String);
      const near = typeof value === 'string' ? didYouMean(value, known) : undefined;
      const wanted = `expected ${known.map((option) => `\`${option}\``).join(' or ')}`;
      return `${value === undefined ? 'missing' : `got ${valueText(value)}`}: ${wanted}${near ? `. Did you mean \`${near}\`?` : ''}`;
    }
    return `${valueText(value)} fits none of what is possible here`;
  }
  if (issue.code === 'too_small' || issue.code === 'too_big') {
    const small = issue.code === 'too_small';
    const bound = Number(small ? issue.minimum : issue.maximum);
    if (issue.origin === 'array') return small ? `expected at least ${bound} in this list` : `expected at most ${bound} in this list`;
    if (issue.origin === 'string') return small ? 'expected some text, got none' : `expected at most ${bound} characters`;
    const words = small ? (issue.inclusive ? 'at least' : 'more than') : issue.inclusive ? 'at most' : 'less than';
    return `expected ${words} ${bound}, got ${valueText(value)}`;
  }
  if (issue.code === 'invalid_format') return `${valueText(value)} ${fit(issue)}`;
  return issue.message;
}

function typeHint(expected: string, value: unknown): string {
  if ((expected === 'number' || expected === 'int') && typeof value === 'string' && value.trim() !== '' && Number.isFinite(Number(value)))
    return ': take the quotes away';
  if (expected === 'boolean' && typeof value === 'string' && /^(yes|on|y)$/i.test(value)) return ': write `true`';
  if (expected === 'boolean' && typeof value === 'string' && /^(no|off|n)$/i.test(value)) return ': write `false`';
  if (expected === 'array' && typeof value === 'string') return `: write \`[${value}]\``;
  if (expected === 'string' && (typeof value === 'number' || typeof value === 'boolean')) return `: write '${String(value)}'`;
  return '';
}

function valueText(value: unknown): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map of keys';
  if (typeof value !== 'string') return String(value);
  const text = withoutSecrets(value);
  return `\`${text.length > 60 ? `${text.slice(0, 59)}…` : text}\``;
}

const valueAt = (raw: unknown, path: Path): unknown =>
  path.reduce<unknown>(
    (value, part) => (typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>)[part] : undefined),
    raw,
  );

/** A shape and everything it stands for. */
function spread(root: Shape, shape: Shape): Shape[] {
  const named = shape.$ref ? root.definitions?.[shape.$ref.replace('#/definitions/', '')] : undefined;
  return [
    shape,
    ...[named, ...(shape.allOf ?? []), ...(shape.anyOf ?? []), ...(shape.oneOf ?? [])].flatMap((inner) =>
      inner ? spread(root, inner) : [],
    ),
  ];
}

function shapesAt(root: Shape, path: Path): Shape[] {
  let shapes = spread(root, root);
  for (const part of path) {
    shapes = shapes
      .flatMap((shape) => {
        if (typeof part === 'number') return shape.items ? [shape.items] : [];
        const property = shape.properties?.[String(part)];
        if (property) return [property];
        return typeof shape.additionalProperties === 'object' ? [shape.additionalProperties] : [];
      })
      .flatMap((shape) => spread(root, shape));
  }
  return shapes;
}

const keysAt = (root: Shape, path: Path): string[] => [
  ...new Set(shapesAt(root, path).flatMap((shape) => [...Object.keys(shape.properties ?? {}), ...(shape.propertyNames?.enum ?? [])])),
];

/** Every path, through maps only, that ends in this key. */
function placesOf(root: Shape, key: string): string[] {
  const places: string[] = [];
  const look = (shape: Shape, path: string[]): void => {
    for (const here of spread(root, shape)) {
      for (const [name, inner] of Object.entries(here.properties ?? {})) {
        if (name === key) places.push([...path, name].join('.'));
        if (path.length < 3) look(inner, [...path, name]);
      }
    }
  };
  look(root, []);
  return [...new Set(places)];
}
