import { z } from 'zod';
import { didYouMean } from '../core/did-you-mean.ts';
import { type Path, pathText, withoutSecrets } from './config-error.ts';

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

/** What is wrong with a document that its schema refuses, in words, with the help of the schema and of what was probably meant. */
export function explainedIssues(folded: readonly z.core.$ZodIssue[], raw: unknown, schema: z.ZodType): Explained[] {
  const root = z.toJSONSchema(schema, { io: 'input', target: 'draft-7' }) as Shape;
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
