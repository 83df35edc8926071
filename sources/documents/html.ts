import { Parser } from 'htmlparser2';
import { Fault } from '../thread/answers.ts';
import { type About, anchors, type Part, type Read } from './parts.ts';

/** What a reader of a page does not read, or does not take for its words. */
const unread = new Set(
  'script style noscript template nav svg math iframe object embed canvas audio video select button input textarea form dialog head'.split(
    ' ',
  ),
);
const blocks = new Set(
  'p div section article main header footer aside blockquote pre ul ol li dl dt dd table tr figure figcaption address hr h1 h2 h3 h4 h5 h6'.split(
    ' ',
  ),
);
const headings = /^h[1-6]$/;
/** No page that people read is as deep; each further level costs more than the one before. */
const deepest = 2000;

/** HTML by its headings: the words that are seen, without markup, scripts, navigation and comments. Nothing is fetched. */
export function readHtml(whole: string): Read {
  const about: About = {};
  const parts: Part[] = [];
  const anchorOf = anchors();
  let [title, heading]: [string | null, string | undefined] = [null, undefined];
  let text: string[] = [];
  let hidden = 0; // how many of the open elements are not read
  let inTitle = false;
  const open: { name: string; hides: boolean }[] = [];

  const part = () => {
    const words = text
      .join('')
      .replace(/[ \t\f\v\u00a0]+/g, ' ')
      .replace(/ ?\n ?/g, '\n')
      .replace(/\n{3,}/g, '\n\n')
      .trim();
    if (words !== '') parts.push({ anchor: title === null ? '' : anchorOf(title), title, text: words });
    text = [];
  };
  const parser = new Parser(
    {
      onopentag(name, attributes) {
        if (name === 'html' && attributes.lang) about.language = attributes.lang.slice(0, 2).toLowerCase();
        if (name === 'meta') described(about, attributes);
        if (name === 'title') inTitle = true;
        const hides =
          unread.has(name) ||
          'hidden' in attributes ||
          attributes['aria-hidden'] === 'true' ||
          /display:\s*none|visibility:\s*hidden/.test(attributes.style ?? '');
        open.push({ name, hides });
        if (open.length > deepest) throw new Fault('elements in elements without end');
        if (hides) hidden++;
        if (hidden > 0) return;
        if (headings.test(name)) {
          part();
          heading = '';
        } else if (name === 'br') text.push('\n');
        else if (blocks.has(name)) text.push(name === 'li' ? '\n- ' : '\n\n');
      },
      ontext(words) {
        if (inTitle) about.title = `${about.title ?? ''}${words}`.replace(/\s+/g, ' ').slice(0, 1000);
        if (hidden > 0) return;
        if (heading !== undefined) heading += words;
        else text.push(open.some(({ name }) => name === 'pre') ? words : words.replace(/\s+/g, ' '));
      },
      onclosetag(name) {
        if (name === 'title') inTitle = false;
        const closed = open.pop(); // the parser closes in order what was left open
        if (closed?.hides) {
          hidden--;
          return;
        }
        if (hidden > 0) return;
        if (heading !== undefined && headings.test(name)) {
          title = heading.replace(/\s+/g, ' ').trim().slice(0, 1000) || null;
          heading = undefined;
        } else if (blocks.has(name)) text.push('\n\n');
      },
    },
    { lowerCaseTags: true, decodeEntities: true },
  );
  parser.end(whole);
  part();
  if (about.title !== undefined) about.title = about.title.trim();
  return { about, parts, problems: [] };
}

function described(about: About, { name, property, content }: Record<string, string>): void {
  const of = (name ?? property ?? '').toLowerCase();
  if (content === undefined || content === '') return;
  if (of === 'author') about.author = content.slice(0, 200);
  if (['date', 'article:published_time', 'dc.date', 'dcterms.created'].includes(of)) about.date = content;
}
