import { type Document, isAlias, isCollection, isNode, isPair, type Node, type Scalar, visit } from 'yaml';

/** What is wrong in the text of a YAML document, and where. */
export type Misuse = { start: number; end: number; message: string };

export const tooDeep = 'nested too deep: no setting is a hundred levels down';
const deepest = 100;

/** So many values no configuration has, unless aliases of aliases multiply them. */
const mostValues = 10_000;

const at = (node: Node, message: string): Misuse => ({ start: node.range?.[0] ?? 0, end: node.range?.[1] ?? 1, message });

/** The first part that cannot be made into plain values: an alias that stands for nothing, for itself or for too much. */
export function unreadablePart(document: Document.Parsed): Misuse | undefined {
  const anchored = new Map<string, unknown>();
  const sizes = new Map<unknown, number>(); // of what has been read whole
  let values = 0;

  const look = (node: unknown, depth: number): Misuse | undefined => {
    if (isPair(node)) return look(node.key, depth) ?? look(node.value, depth);
    if (!isNode(node)) return undefined;
    if (isAlias(node)) {
      if (!anchored.has(node.source))
        return at(node, `nothing above is marked \`&${node.source}\`. For the text itself, write it in quotes`);
      const size = sizes.get(anchored.get(node.source));
      if (size === undefined) return at(node, `this stands inside \`&${node.source}\`, which it repeats`);
      values += size;
      return values > mostValues
        ? at(node, `with what this repeats, the file has more than ${mostValues} values: write out what is needed`)
        : undefined;
    }
    const before = values++;
    if (node.anchor) anchored.set(node.anchor, node);
    if (isCollection(node)) {
      if (depth === deepest) return at(node, tooDeep);
      for (const item of node.items) {
        const found = look(item, depth + 1);
        if (found) return found;
      }
    }
    sizes.set(node, values - before);
    return undefined;
  };
  return look(document.contents, 0);
}

const control = /[^\P{Cc}\n\t]/u;

/** Every text with a character that nobody can see or type: it was not meant. */
export function controlCharacters(document: Document.Parsed): Misuse[] {
  const found: Misuse[] = [];
  visit(document, {
    Scalar(_, node) {
      const character = typeof node.value === 'string' ? control.exec(node.value)?.[0] : undefined;
      if (character === undefined) return;
      const code = character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0');
      found.push(at(node, `this text holds the control character U+${code}: take it out`));
    },
  });
  return found;
}

/**
 * The quote that was opened and not closed in its line, where that is why the parser stumbled at `offset`: at the end of the
 * file, or at the next quote, which it took for the closing one.
 */
export function brokenQuote(document: Document.Parsed, text: string, offset: number): Misuse | undefined {
  let last: Scalar | undefined;
  visit(document, {
    Scalar(_, node) {
      if (node.type?.startsWith('QUOTE') && (node.range?.[0] ?? offset) < offset) last = node;
    },
  });
  if (!last?.range) return undefined;
  const [start, end] = last.range;
  const open = !text.slice(start + 1, end).endsWith(text[start]!);
  if (!open && !(offset - end <= 1 && text.slice(start, end).includes('\n'))) return undefined;
  return { start, end: start + 1, message: 'this quote is not closed in its line' };
}
