import { shortest } from '../../core/dataset-rows/duplicates.ts';
import type { Drift } from '../../core/quality/drift.ts';
import { type BatchFigures, embeddedShare, meanWords, together } from '../../core/quality/figures.ts';
import type { QualityPolicy } from '../../core/quality/policy.ts';
import { type RuleId, rules } from '../../core/quality/rules.ts';
import { type Batch, batchKey } from '../../core/quality/sifted.ts';
import type { Quality, QualityCheck } from '../../core/quality.ts';
import { driftPlot, languagePlot, lengthPlot, sharesPlot, volumePlot } from './data-charts.ts';
import { framed, section } from './frame.ts';
import { type Html, html } from './html.ts';

/** What the page shows: counts only, never words. */
export type DataStory = Pick<Quality, 'digest' | 'verdict' | 'headline' | 'checks' | 'sources' | 'rows'> & {
  persona: string;
  policy: QualityPolicy;
  languages: Record<string, number>;
  batches: readonly BatchFigures[];
  drifts: readonly Drift[];
  flagged: Record<string, number>;
  failing: Record<string, readonly string[]>;
  without: readonly Batch[];
};

const words = { pass: 'Pass', fail: 'Needs a decision' } as const;

/** The figures of a run's words as one page that needs no network. */
export function dataPage(story: DataStory): string {
  const { persona, verdict, headline, digest } = story;
  const eyebrow = html`The words of <strong>${persona}</strong>, before anything is made of them`;
  return framed({ title: `${persona}: its words`, eyebrow, verdict, word: words[verdict], headline, digest }, [
    checks(story),
    days(story),
    sources(story),
    plots(story),
    flags(story),
    settings(story),
  ]);
}

const number = (value: number): string => value.toLocaleString('en');
const percent = (part: number, of: number): string => (of === 0 ? '–' : `${Math.round((part / of) * 1000) / 10} %`);

/** What stands between backticks as code. */
const coded = (text: string): Html[] => text.split('`').map((part, i) => (i % 2 === 0 ? html`${part}` : html`<code>${part}</code>`));

const badge = ({ verdict }: QualityCheck): Html =>
  html`<span class="badge ${verdict === 'not measured' ? 'none' : verdict}">${verdict}</span>`;

const checks = ({ checks }: DataStory): Html =>
  section(
    'Checks',
    html`<table class="checks"><thead><tr><th>Check</th><th>Verdict</th><th>Found</th></tr></thead><tbody>${checks.map(
      (check) => html`<tr><td>${check.check}</td><td>${badge(check)}</td><td>${coded(check.detail)}</td></tr>`,
    )}</tbody></table>`,
  );

/** So few at once that the pictures below stay in sight. */
const [daysInSight, daysAtMost] = [12, 200];

/** Days that fail, and what becomes of them. */
function days({ failing, without, batches }: DataStory): Html {
  const out = new Set(without.map(batchKey));
  const found = batches.filter((batch) => failing[batchKey(batch)] !== undefined);
  if (found.length === 0) return html``;
  const row = (batch: BatchFigures) =>
    html`<tr><td>${batch.source}</td><td class="whole">${batch.day}</td><td class="number">${number(batch.rows)}</td><td>${failing[batchKey(batch)]!.join(', ')}</td><td>${out.has(batchKey(batch)) ? 'left out' : 'kept, as the persona says'}</td></tr>`;
  const table = (days: readonly BatchFigures[]) =>
    html`<div class="wide"><table><thead><tr><th>Source</th><th>Day</th><th class="number">Rows</th><th>Fails</th><th></th></tr></thead><tbody>${days.map(row)}</tbody></table></div>`;
  const more = found.slice(daysInSight, daysAtMost);
  return section(
    'Days that fail a check',
    table(found.slice(0, daysInSight)),
    more.length > 0 ? html`<details><summary>${more.length} more</summary>${table(more)}</details>` : html``,
    found.length > daysAtMost ? html`<p class="quiet">And ${found.length - daysAtMost} besides, in <code>data.json</code>.</p>` : html``,
    html`<p class="quiet">To keep a day whatever a check says, name it in the persona file: <code>dataset.quality.keep</code>.</p>`,
  );
}

function sources({ sources, batches }: DataStory): Html {
  const rows = sources.map(({ source, first, last, days }) => {
    const own = batches.filter((batch) => batch.source === source);
    const sum = (count: (batch: BatchFigures) => number) => own.reduce((all, batch) => all + count(batch), 0);
    const all = sum((batch) => batch.rows);
    const cell = (value: string | Html) => html`<td class="number">${value}</td>`;
    return html`<tr><th scope="row">${source}</th>${[
      number(all),
      number(days),
      first === null ? '–' : html`${first}<br>${last}`,
      number(together(own).own),
      meanWords(own),
      percent(
        sum((batch) => batch.empty),
        all,
      ),
      percent(
        sum((batch) => batch.duplicates),
        all,
      ),
      percent(
        sum((batch) => batch.emoji),
        all,
      ),
      percent(
        sum((batch) => batch.personal),
        all,
      ),
      percent(
        sum((batch) => batch.aside),
        all,
      ),
      percent(
        sum((batch) => batch.consented),
        all,
      ),
      embeddedShare(own),
    ].map(cell)}</tr>`;
  });
  const head = [
    'Rows',
    'Days',
    'From, to',
    "Persona's own",
    'Words of each',
    'Empty',
    'Duplicates',
    'Emoji',
    'Personal',
    'Put aside',
    'Consent',
    'Embedded',
  ];
  return section(
    'Sources',
    html`<div class="wide"><table><thead><tr><th>Source</th>${head.map((name) => html`<th class="number">${name}</th>`)}</tr></thead><tbody>${rows}</tbody></table></div>`,
  );
}

function plots({ batches, languages, drifts, policy, without }: DataStory): Html {
  const figure = (title: string, note: string, plot: Html) => html`<h3>${title}</h3><p class="quiet">${note}</p><figure>${plot}</figure>`;
  const undated = batches.filter(({ day }) => day === 'undated').reduce((sum, { rows }) => sum + rows, 0);
  return section(
    'By day',
    undated > 0 ? html`<p class="quiet">${number(undated)} rows have no time and are in no picture but that of lengths.</p>` : html``,
    figure('Volume', 'Rows of each source.', volumePlot(batches, new Set(without.map(batchKey)))),
    figure(
      'Languages',
      `Letters of the persona's own words.${Object.keys(languages).length > 0 ? ' Dashed: what the persona declares.' : ''}`,
      languagePlot(batches, languages),
    ),
    figure(
      'Watched shares',
      `Of the rows of each source; embedded: of the persona's rows of ${shortest} characters or more. Consent, licence and embedded: each source has its own lane, which is full where all have it. What no source has is not shown.`,
      sharesPlot(batches),
    ),
    figure('Lengths', 'Of all rows of a source, how many are so long.', lengthPlot(batches)),
    drifts.length === 0
      ? html`<h3>Drift</h3><p class="quiet">Too few rows to compare: ${policy.blockRows} before and after are needed.</p>`
      : figure(
          'Drift',
          'Population stability index of each stretch of days against those before it. Dashed: where it warns and where it stops. What is below its short line is explained by chance alone.',
          driftPlot(drifts, policy),
        ),
  );
}

function flags({ flagged, rows, persona }: DataStory): Html {
  const found = Object.entries(flagged).map(
    ([id, count]) =>
      html`<tr><td class="whole"><code>${id}</code></td><td class="number">${number(count)}</td><td class="number">${percent(count, rows)}</td><td class="whole">${rules[id as RuleId].aside ? 'put aside' : 'marked'}</td><td>${rules[id as RuleId].reason}</td></tr>`,
  );
  return section(
    'Rows that break a rule',
    found.length === 0
      ? html`<p>None of ${number(rows)}.</p>`
      : html`<div class="wide"><table><thead><tr><th>Rule</th><th class="number">Rows</th><th class="number">Share</th><th></th><th>Why it matters</th></tr></thead><tbody>${found}</tbody></table></div>
<p class="quiet">Look at them: <code>./troupe data rows ${persona} --flag &lt;rule&gt;</code></p>`,
  );
}

const settings = ({ policy }: DataStory): Html =>
  section('Settings', html`<details><summary>dataset.quality</summary><pre>${JSON.stringify(policy, null, 2)}</pre></details>`);
