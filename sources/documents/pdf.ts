import { getDocumentProxy } from 'unpdf';
import { Fault } from '../thread/answers.ts';
import type { About, Part } from './parts.ts';

const noText = 'no text layer';

/** Pages in a row that may be damaged before the whole is given up. */
const mostDamaged = 20;

/** The pages of a PDF (ISO 32000) that have text. Runs no script of it, fetches nothing and draws nothing. */
export async function* readPdf(bytes: Uint8Array): AsyncGenerator<{ about: About } | Part | { anchor: string; reason: string }> {
  const pdf = await getDocumentProxy(bytes, {
    useSystemFonts: false,
    disableFontFace: true,
    stopAtErrors: false,
    verbosity: 0,
  }).catch((error: unknown) => {
    const locked = error instanceof Error && error.name === 'PasswordException';
    throw new Fault(locked ? `${noText} that can be read: it is encrypted` : 'it is no PDF, or damaged');
  });
  const { info } = (await pdf.getMetadata().catch(() => ({ info: {} }))) as { info: Record<string, unknown> };
  const [title, author] = [info.Title, info.Author].map((one) => (typeof one === 'string' && one.trim() !== '' ? one.trim() : undefined));
  yield { about: { ...(title && { title }), ...(author && { author }) } };

  const empty: number[] = [];
  let [found, damaged] = [0, 0];
  for (let n = 1; n <= pdf.numPages; n++) {
    let text: string;
    try {
      const page = await pdf.getPage(n);
      const { items } = await page.getTextContent();
      text = items
        .map((item) => ('str' in item ? `${item.str}${item.hasEOL ? '\n' : ''}` : ''))
        .join('')
        .trim();
      page.cleanup();
      damaged = 0;
    } catch {
      if (++damaged > mostDamaged) throw new Fault('its pages are damaged');
      yield { anchor: `:p${n}`, reason: 'a damaged page' };
      continue;
    }
    if (text === '') empty.push(n);
    else {
      found++;
      yield { anchor: `:p${n}`, title: null, text };
    }
  }
  if (found === 0) throw new Fault(noText);
  for (const n of empty) yield { anchor: `:p${n}`, reason: noText };
}
