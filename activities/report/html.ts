import { signsShown } from '../../core/text/signs.ts';

/** Markup that was made here. Everything else is text. */
export class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

type Content = Html | string | number | null | undefined | readonly Content[];

/** A template whose values are escaped, unless they are markup made by this very function. */
export const html = (parts: TemplateStringsArray, ...values: Content[]): Html =>
  new Html(parts.reduce((text, part, i) => text + markup(values[i - 1]) + part));

const markup = (value: Content): string => {
  if (value === null || value === undefined) return '';
  if (value instanceof Html) return value.text;
  if (Array.isArray(value)) return value.map(markup).join('');
  return escaped(`${value}`);
};

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Text of a model or a person as harmless text. */
export const escaped = (text: string): string =>
  signsShown(
    text.replace(/[&<>"']/g, (sign) => entities[sign]!),
    '\t\r\n',
  );
