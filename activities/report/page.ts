import { metrics, type Score } from '../../core/evaluation.ts';
import { figure, metricNames } from '../../core/verdict.ts';
import { forestPlots, trainingCurve } from './charts.ts';
import { framed, section } from './frame.ts';
import { type Html, html } from './html.ts';
import { type Change, rivalsLine, type Story } from './story.ts';

const words = { pass: 'Pass', fail: 'Fail', inconclusive: 'Inconclusive' } as const;

/** The report as one page that needs no network: verdict, gates, differences, answers, data, lineage, settings. */
export function page(story: Story): string {
  const { request, verdict, headline, digest } = story;
  const word = words[verdict];
  const eyebrow = html`Evaluation of <strong>${request.persona}</strong> · candidate <code>${request.candidate.tag}</code>`;
  return framed({ title: `${request.persona}: ${word}`, eyebrow, verdict, word, headline, digest }, [
    checks(story),
    differences(story),
    scores(story),
    training(story),
    answers(story),
    probes(story),
    data(story),
    lineage(story),
    settings(story),
  ]);
}

const checks = ({ checks }: Story): Html =>
  section(
    'Checks',
    checks.length === 0
      ? html`<p>The policy asks for nothing, so nothing is decided. What it may ask for is in <code>gate</code> of the persona file.</p>`
      : html`<table class="checks"><thead><tr><th>Asked</th><th>Verdict</th><th>Found</th></tr></thead><tbody>${checks.map(
          ({ rule, verdict, detail }) =>
            html`<tr><td>${rule}</td><td><span class="badge ${verdict}">${words[verdict]}</span></td><td>${detail}</td></tr>`,
        )}</tbody></table>`,
  );

const differences = ({ comparisons, request }: Story): Html =>
  section(
    'The candidate against the others',
    html`<p>${rivalsLine(request)}</p>`,
    comparisons.length === 0
      ? html`<p>Nothing could be compared.</p>`
      : html`<p class="quiet">Paired differences on the same items with 95 % intervals. Right of the line is better. A dashed mark is the largest loss the policy accepts.</p>`,
    ...forestPlots(comparisons, request.policy).map((plot) => html`<figure>${plot}</figure>`),
  );

function scores({ scores, contenders }: Story): Html {
  const cell = (score: Score | undefined, i: number) =>
    score?.value == null
      ? html`<td class="quiet" data-of="${contenders[i]}">not measured</td>`
      : html`<td data-of="${contenders[i]}"><strong>${figure(score.value)}</strong><br><span class="quiet">${score.low === null ? '…' : figure(score.low)} to ${score.high === null ? '…' : figure(score.high)}<br>n = ${score.n}</span></td>`;
  const rows = metrics.map((metric) => {
    const own = contenders.map((contender) => scores.find((score) => score.metric === metric && score.contender === contender));
    const how = own.find((score) => score?.value != null) ?? own[0];
    return html`<tr><th scope="row">${metricNames[metric]}<p class="how">${how?.how}</p></th>${own.map(cell)}</tr>`;
  });
  return section(
    'Scores',
    html`<p class="quiet">Shares are of 1; below each is its 95 % interval. Lower is better for bits per byte and response time (seconds).</p>
<table class="scores"><thead><tr><th>Metric</th>${contenders.map((contender) => html`<th>${contender}</th>`)}</tr></thead><tbody>${rows}</tbody></table>`,
  );
}

function training({ curve, notes, request: { adapter } }: Story): Html {
  const stages = adapter.stages.map(
    (stage) =>
      html`<tr><td>${stage.name}</td><td>${stage.rows}</td><td>${stage.steps}</td><td>${stage.warmupSteps}${stage.warmupClamped ? ' (clamped)' : ''}</td><td>${stage.loss === null ? '–' : figure(stage.loss)}</td><td>${stage.validationLoss === null ? '–' : figure(stage.validationLoss)}</td><td>${stage.bestStep}${stage.stoppedEarly ? ' (stopped early)' : ''}</td></tr>`,
  );
  return section(
    'Training',
    curve.length === 0 ? html`<p class="quiet">The training log holds no losses.</p>` : html`<figure>${trainingCurve(curve)}</figure>`,
    html`<div class="wide"><table><thead><tr><th>Stage</th><th>Rows</th><th>Steps</th><th>Warm-up</th><th>Loss</th><th>Validation loss</th><th>Kept step</th></tr></thead><tbody>${stages}</tbody></table></div>`,
    ...notes.map((note) => html`<p class="quiet">${note}</p>`),
  );
}

function answers({ changes: { rival, best, worst }, contenders }: Story): Html {
  const shown = (title: string, changes: readonly Change[]) =>
    changes.length === 0
      ? html``
      : html`<h3>${title}</h3>${changes.map(
          (
            change,
          ) => html`<article><p class="quiet"><code>${change.id}</code> · ${change.gain > 0 ? 'saves' : 'costs'} ${figure(Math.abs(change.gain))} bits per byte of the real reply</p>
<p class="prompt" dir="auto">${change.prompt}</p>
<div class="pair"><div><h4>really said</h4><p dir="auto">${change.reference}</p></div><div><h4>candidate</h4><p dir="auto">${change.candidate}</p></div><div><h4>${rival}</h4><p dir="auto">${change.rival}</p></div></div></article>`,
        )}`;
  if (best.length + worst.length === 0) return html``;
  return section(
    'Answers that changed most',
    html`<p class="quiet">Held-out questions, by how much better the candidate foresees the real reply than the ${rival} does. ${contenders.length} contenders answered.</p>`,
    shown('Worst', worst),
    shown('Best', best),
  );
}

const probes = ({ probes }: Story): Html =>
  probes.length === 0
    ? html``
    : section(
        'Probes',
        html`${probes.map(
          ({
            prompt,
            expects,
            answers,
          }) => html`<article><p class="prompt" dir="auto">${prompt}</p><p class="quiet">Expected: ${expects}</p>
<div class="pair">${answers.map(({ contender, answer, stopped }) => html`<div><h4>${contender}${stopped ? '' : ' (cut off)'}</h4><p dir="auto">${answer}</p></div>`)}</div></article>`,
        )}`,
      );

function data({ request: { dataset }, categories, manifest }: Story): Html {
  const { rows } = dataset.training;
  return section(
    'Data',
    html`<dl><dt>Training rows</dt><dd>${rows.train}</dd><dt>Validation rows</dt><dd>${rows.validation}</dd><dt>Test rows</dt><dd>${dataset.testRows} (${Object.entries(
      categories,
    )
      .map(([category, count]) => `${count} ${category}`)
      .join(', ')})</dd></dl>
<details><summary>Manifest</summary><pre>${manifest}</pre></details>`,
  );
}

function lineage({ request: { candidate, dataset, adapter, parity, likelihood, answers, latency } }: Story): Html {
  const digests: [string, string][] = [
    ['Training rows', dataset.training.train.digest],
    ['Validation rows', dataset.training.validation.digest],
    ['Test rows', dataset.test.digest],
    ['Adapter', adapter.adapter.digest],
    ['Merged model', candidate.model?.folder.digest ?? 'Ollama had it'],
    ['Base model', candidate.model?.base ?? 'Ollama had it'],
    ['Candidate', candidate.digest],
    ['In Ollama', candidate.ollamaDigest],
    ['Likelihoods', likelihood.rows.digest],
    ['Answers', answers.answers.digest],
    ['Times', latency.seconds.digest],
  ];
  return section(
    'Lineage',
    html`<dl>${digests.map(([name, digest]) => html`<dt>${name}</dt><dd><code>${digest}</code></dd>`)}
<dt>Ollama computes what was trained</dt><dd>largest difference ${figure(parity.largest)} nats over ${parity.tokens} tokens, ${figure(parity.allowed)} allowed; ${parity.stopped} of ${parity.samples} replies stopped by themselves</dd>
<dt>Trained on</dt><dd>${adapter.device}, ${adapter.precision}, ${adapter.microBatch}; ${adapter.tokens} tokens in ${adapter.steps} steps</dd>
<dt>Versions</dt><dd>${Object.entries(adapter.versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', ')}</dd></dl>`,
  );
}

function settings({ request: { policy, suite, latency }, contenders }: Story): Html {
  const times = contenders.flatMap((contender) => {
    const timing = latency.timings[contender];
    return timing
      ? [
          html`<tr><td>${contender}</td><td>${timing.n}</td><td>${figure(timing.p50)}</td><td>${figure(timing.p95)}</td><td>${figure(timing.firstToken)}</td><td>${figure(timing.load)}</td></tr>`,
        ]
      : [];
  });
  return section(
    'Times and settings',
    html`<div class="wide"><table><thead><tr><th>Model</th><th>n</th><th>p50 s</th><th>p95 s</th><th>First token s</th><th>Loading s</th></tr></thead><tbody>${times}</tbody></table></div>
<details><summary>Gate policy</summary><pre>${JSON.stringify(policy, null, 2)}</pre></details>
<details><summary>Suite</summary><pre>${JSON.stringify(suite, null, 2)}</pre></details>`,
  );
}
