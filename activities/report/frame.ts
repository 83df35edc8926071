import { type Html, html } from './html.ts';
import { css } from './style.ts';

/** What stands above everything else: what the page is about, the verdict in large letters, and the evidence it is for. */
export type Head = { title: string; eyebrow: Html; verdict: string; word: string; headline: string; digest: string };

/** A page that needs no network and runs no script. */
export function framed({ title, eyebrow, verdict, word, headline, digest }: Head, sections: readonly Html[]): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${css}</style>
</head>
<body>
<header>
<p class="eyebrow">${eyebrow}</p>
<h1 class="${verdict}">${word}</h1>
<p class="headline">${headline}</p>
<p class="quiet">Evidence <code>${digest}</code>. An approval is for this evidence only.</p>
</header>
<main>
${sections}
</main>
</body>
</html>
`.text;
}

export const section = (title: string, ...content: Html[]): Html => html`<section><h2>${title}</h2>${content}</section>`;
