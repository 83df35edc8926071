import type { SourceTaken } from '../dataset.ts';
import { consentOf, type Licence } from '../source-kinds/every-source.ts';
import { type Counts, total } from './census.ts';
import { sides } from './shaping.ts';

/** Under what rows may be used: licences of published words, and whether any of them stands under a person's consent. */
export type Terms = { licences: readonly Licence[]; consented: boolean };

/** The terms of rows that carry these consents. What no source names as its licence counts as a consent. */
export function termsOf(consents: Counts['consents'], sources: readonly Pick<SourceTaken, 'licence' | 'consents'>[]): Terms {
  let held = Object.keys(consents).map((joined) => `, ${joined}, `);
  const licences = new Map<string, Licence>();
  for (const { licence, consents } of sources) {
    if (licence === null || !consents.some((id) => held.some((row) => row.includes(`, ${id}, `)))) continue;
    licences.set(consentOf({ licence }) ?? '', licence);
  }
  for (const mark of licences.keys()) held = held.map((row) => row.replaceAll(`, ${mark}, `, ', '));
  return { licences: [...licences.values()], consented: held.some((row) => row !== ', ') };
}

/**
 * What a dataset card says to a program: YAML as the Hugging Face Hub reads it. A field of which nothing is known is left out.
 * Fields and values: https://github.com/huggingface/hub-docs/blob/main/datasetcard.md
 */
export function frontMatter(
  name: string,
  counts: Pick<Counts, 'rows' | 'languages' | 'synthetic'>,
  { licences, consented }: Terms,
): string {
  const languages = Object.entries(counts.languages).filter(([language, share]) => language !== 'other' && share > 0);
  const own = new Set([
    ...(consented ? ['consent'] : []),
    ...licences.filter((licence) => hubId(licence) === undefined).map(({ id }) => id),
  ]);
  const known = [...new Set([...licences.flatMap((licence) => hubId(licence) ?? []), ...(own.size > 0 ? ['other'] : [])])];
  const origins = new Set([...(consented ? ['original'] : []), ...licences.map(({ from }) => from)]);
  return `---
${[
  `pretty_name: ${quoted(name)}`,
  ...(languages.length > 0 ? [`language: ${list(languages.map(([language]) => language))}`] : []),
  sizeCategories(sides.reduce((sum, side) => sum + total(counts.rows[side]), 0)),
  'task_categories: [text-generation]',
  `source_datasets: ${list([...origins])}`,
  `license: ${known.length === 1 ? known[0] : list(known)}`,
  ...(own.size > 0 ? [`license_name: ${quoted([...own].join(', '))}`] : []),
  ...(total(counts.synthetic) > 0 ? ['tags: [synthetic]'] : []),
  'configs:',
  '  - config_name: default',
  '    data_files:',
  ...sides.map((side) => `      - {split: ${side}, path: ${side}.jsonl}`),
].join('\n')}
---`;
}

/** The line that tells how many rows there are, in the Hub's steps. */
export function sizeCategories(rows: number): string {
  const next = steps.findIndex((_, i) => rows < 10 ** (i + 3));
  const size = next === 0 ? `n<${steps[0]}` : next < 0 ? `n>${steps.at(-1)}` : `${steps[next - 1]}<n<${steps[next]}`;
  return `size_categories: [${size}]`;
}

const steps = ['1K', '10K', '100K', '1M', '10M', '100M', '1B', '10B', '100B', '1T'];

/** A text that YAML reads as that text: what it takes for the end of a line, or allows nowhere, is escaped as well. */
const quoted = (text: string): string =>
  JSON.stringify(text).replace(
    /[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
const list = (texts: readonly string[]): string => `[${texts.map(quoted).join(', ')}]`;

/** The Hub's name of a licence, from its SPDX name; undefined where the Hub calls it `other`. */
function hubId({ id }: Licence): string | undefined {
  const name = id.toLowerCase().replace(/-(only|or-later)$/, '');
  return [name, name.replace(/-\d+(\.\d+)*$/, '')].find((one) => hubLicences.has(one));
}

/** Those of https://huggingface.co/docs/hub/repositories-licenses under which words or code are published. */
const hubLicences = new Set(
  `apache-2.0 mit openrail openrail++ afl-3.0 artistic-2.0 bsl-1.0 bsd bsd-2-clause bsd-3-clause bsd-3-clause-clear c-uda cc cc0-1.0
  cc-by-2.0 cc-by-2.5 cc-by-3.0 cc-by-4.0 cc-by-sa-3.0 cc-by-sa-4.0 cc-by-nc-2.0 cc-by-nc-3.0 cc-by-nc-4.0 cc-by-nd-4.0
  cc-by-nc-nd-3.0 cc-by-nc-nd-4.0 cc-by-nc-sa-2.0 cc-by-nc-sa-3.0 cc-by-nc-sa-4.0 cdla-sharing-1.0 cdla-permissive-1.0
  cdla-permissive-2.0 wtfpl ecl-2.0 epl-1.0 epl-2.0 etalab-2.0 eupl-1.1 eupl-1.2 agpl-3.0 gfdl gpl gpl-2.0 gpl-3.0 lgpl lgpl-2.1
  lgpl-3.0 isc lppl-1.3c ms-pl mpl-2.0 odc-by odbl osl-3.0 postgresql ofl-1.1 ncsa unlicense zlib pddl`.split(/\s+/),
);
