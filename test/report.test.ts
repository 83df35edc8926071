import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bookkeeping } from '../activities/bookkeeping.ts';
import { compareActivities } from '../activities/compare.ts';
import { escaped, html } from '../activities/report/html.ts';
import { readTrainingLog } from '../activities/report/training-log.ts';
import { type CompareRequest, Report } from '../core/evaluation.ts';
import type { Artifacts } from '../platform/artifacts/artifacts.ts';
import { folderArtifacts } from '../platform/artifacts/folder.ts';
import { recordRunStart } from '../platform/db/runs.ts';
import type { Platform } from '../platform/platform.ts';
import { aComparison } from './support/comparison.ts';
import { aRow } from './support/evidence.ts';
import { aPlatform, asked } from './support/platform.ts';

let home: string;
let artifacts: Artifacts;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'troupe-report-'));
  artifacts = folderArtifacts(join(home, 'artifacts'));
});
afterAll(() => rm(home, { recursive: true, force: true }));

const compare = (input: CompareRequest, run = 'run-1') => {
  const platform = { artifacts, settings: { home } } as Platform; // compare touches nothing else
  return compareActivities(platform).compare({ run, step: 'report', key: 'key', input });
};

const fileOf = (name: string, run = 'run-1') => readFile(join(home, 'runs', run, name), 'utf8');

test('a better candidate passes, and the report is where the run is and in the artifacts', async () => {
  const input = await aComparison(artifacts);

  const report = await compare(input);

  expect(Report.parse(report)).toMatchObject({ verdict: 'pass' });
  const page = await fileOf('report.html');
  expect((await artifacts.get(report.html)).toString()).toBe(page);
  expect(page).toContain('<h1 class="pass">Pass</h1>');
  expect(page).toContain(report.digest);
  expect(page.match(/<svg /g)!.length).toBeGreaterThanOrEqual(4);
  expect(await fileOf('EVALUATION_RESULTS.md')).toContain('| bits per byte better than base | pass | ');
  expect(await fileOf('EVALUATION_RESULTS.md')).toContain('| candidate | 20 | 0.9 | 1.1 | 0.1 | 2 |');
  expect(await fileOf('TRAINING_PROGRESS_LOG.md')).toContain('| emotional | 500 | 200 | 20 (clamped) |');
  expect(JSON.parse(await fileOf('report.json'))).toMatchObject({ digest: report.digest, verdict: 'pass' });
});

test('the same evidence gives the same report to the byte, other evidence another digest', async () => {
  const input = await aComparison(artifacts);

  const [one, again] = [await compare(input), await compare(input, 'run-2')];
  const other = await compare({ ...input, policy: { ...input.policy, minItems: 60 } }, 'run-3');

  expect(again).toEqual(one);
  expect(other.digest).not.toBe(one.digest);
});

test('a candidate that stopped listening is held although its bits per byte improved', async () => {
  const report = await compare(await aComparison(artifacts, { gain: 0.4, listens: 0.5 }));

  expect(report.verdict).toBe('fail');
  expect(report.checks.find((check) => check.rule === 'bits per byte better than base')!.verdict).toBe('pass');
  expect(report.checks.find((check) => check.rule === 'context use at least 0.6')!.verdict).toBe('fail');
  expect(await fileOf('report.html')).toContain('<h1 class="fail">Fail</h1>');
});

test('the anchor is one of the rivals, with its name, its column and its check', async () => {
  const policy = { notWorse: [{ metric: 'bitsPerByte' as const, than: 'anchor' as const, margin: 0.05 }] };

  const report = await compare(await aComparison(artifacts, { anchor: 1, policy }));

  const rule = 'bits per byte not worse than anchor by more than 0.05';
  expect(report.checks.find((check) => check.rule === rule)!.verdict).toBe('fail');
  expect(report.scores.filter((score) => score.contender === 'anchor' && score.value !== null)).toHaveLength(7);
  const [page, results] = [await fileOf('report.html'), await fileOf('EVALUATION_RESULTS.md')];
  for (const text of [page, results]) expect(text).toContain('The champion is ada-4. The anchor is ada-1.');
  expect(page).toContain('<th>anchor</th>');
  expect(page).toContain('against anchor');
  expect(results).toContain('| Metric | candidate | champion | anchor | base |');
  expect(results).toContain(`| ${rule} | fail | `);
});

test('an anchor that is the champion is measured once, and the report says so', async () => {
  const policy = { notWorse: [{ metric: 'bitsPerByte' as const, than: 'anchor' as const, margin: 0.05 }] };

  const report = await compare(await aComparison(artifacts, { policy }));

  expect(report).toMatchObject({
    verdict: 'pass',
    checks: expect.arrayContaining([
      expect.objectContaining({ verdict: 'pass', detail: expect.stringContaining('The anchor is the champion.') }),
    ]),
  });
  for (const file of ['report.html', 'EVALUATION_RESULTS.md']) {
    expect(await fileOf(file)).toContain('The champion is ada-4. It is also the anchor, and was measured once.');
  }
  expect(await fileOf('report.html')).not.toContain('<th>anchor</th>');
});

test('what was not done as asked is a failed check, told in both files', async () => {
  const report = await compare(await aComparison(artifacts, { degraded: ['trained without validation'] }));

  expect(report).toMatchObject({
    verdict: 'fail',
    checks: expect.arrayContaining([
      { rule: 'nothing degraded', verdict: 'fail', detail: 'Not done as asked: trained without validation' },
    ]),
  });
  expect(await fileOf('TRAINING_PROGRESS_LOG.md')).toContain('Not done as asked: trained without validation.');
});

test('what the training noted is told once and decides nothing, and only without it was everything done as asked', async () => {
  const note = 'warm-up of stage emotional clamped to 1 of 10 steps: it has 10';

  const noted = await compare(await aComparison(artifacts, { notes: [note, note] }));

  expect(noted.verdict).toBe('pass');
  expect((await fileOf('TRAINING_PROGRESS_LOG.md')).split(note)).toHaveLength(2);
  expect(await fileOf('TRAINING_PROGRESS_LOG.md')).not.toContain('Everything was done as asked.');
  expect(await fileOf('report.html')).toContain(note);

  await compare(await aComparison(artifacts), 'run-2');
  expect(await fileOf('TRAINING_PROGRESS_LOG.md', 'run-2')).toContain('Everything was done as asked.');
});

test('a run that reuses a report has it in its folder as well', async () => {
  const platform = await aPlatform();
  const input = await aComparison(platform.artifacts);
  const output = await compareActivities(platform).compare(asked(input, { run: 'first' }));
  await recordRunStart(platform.db, {
    ...{ run: 'second', persona: 'ada', pipeline: 'release', plan: { pipeline: 'release', persona: 'ada', boxes: [], result: null } },
    ...{ trigger: 'person', workflow: 'persona/ada', workflowRun: 'run' },
  });

  const reused = { step: 'report', activity: 'compare', version: 1, key: 'k', reusedFrom: 'first', startedAt: 0, endedAt: 0 };
  await bookkeeping(platform).keepBooks({ run: 'second', steps: [{ ...reused, input, output }], decisions: [], looks: [] });

  for (const name of ['report.html', 'EVALUATION_RESULTS.md', 'TRAINING_PROGRESS_LOG.md', 'report.json']) {
    const of = (run: string) => readFile(join(platform.settings.home, 'runs', run, name), 'utf8');
    expect(await of('second')).toBe(await of('first'));
  }
});

describe('what people and models said', () => {
  const hostile = `</p><script>alert(1)</script><img src=x onerror="alert('2')">\u202ekcab`;

  test('is shown as text, whatever it is', async () => {
    const rows = Array.from({ length: 60 }, (_, i) =>
      aRow({ id: `r${i}<b>`, group: `g${i % 12}`, said: [hostile], reply: hostile, emotion: '<i>joy</i>' }),
    );
    const input = await aComparison(artifacts, { rows, answer: () => hostile });

    await compare({ ...input, candidate: { ...input.candidate, tag: 'x"><script>1</script>' }, persona: 'ada' });

    const page = await fileOf('report.html');
    expect(page).not.toMatch(/<script|<img|<i>|<b>|\u202e/);
    expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(page).toContain('[U+202E]kcab');
  });

  test('is on the page only: neither in Markdown, nor in JSON, nor in what crosses Temporal', async () => {
    const secret = 'xyzzy-secret';
    const rows = Array.from({ length: 60 }, (_, i) =>
      aRow({ id: `r${i}`, group: `g${i % 12}`, said: [`${secret} ${i}`], reply: `${secret} indeed` }),
    );
    const report = await compare(await aComparison(artifacts, { rows, answer: () => `${secret}!` }));

    expect(await fileOf('report.html')).toContain(secret);
    for (const name of ['EVALUATION_RESULTS.md', 'TRAINING_PROGRESS_LOG.md', 'report.json'])
      expect(await fileOf(name)).not.toContain(secret);
    expect(JSON.stringify(report)).not.toContain(secret);
    expect(JSON.stringify(report).length).toBeLessThan(30_000);
  });
});

test('the page asks nothing of the network', async () => {
  await compare(await aComparison(artifacts));
  const page = await fileOf('report.html');
  expect(page.replaceAll('http://www.w3.org/', '')).not.toMatch(/https?:|src=|@import|url\((?!['"]?#)/);
  expect(page).toContain(`default-src 'none'`);
});

test('a damaged row is named by artifact and line, not by its words', async () => {
  const input = await aComparison(artifacts);
  const answers = await artifacts.put('{"contender":"nobody","answer":"very private"}\n', 'application/x-ndjson');

  const failed = compare({ ...input, answers: { ...input.answers, answers } });

  await expect(failed).rejects.toMatchObject({ type: 'ArtifactCorrupt', message: expect.stringContaining(`${answers.digest}, line 1`) });
  await expect(failed).rejects.not.toMatchObject({ message: expect.stringContaining('private') });
});

test('escaping leaves nothing to run and line ends as they are', () => {
  expect(escaped(`<a href="x" title='y'>&\n\u0000`)).toBe('&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;\n[U+0000]');
  expect(html`<p>${['<b>', html`<i>${'&'}</i>`]}${undefined}${0}</p>`.text).toBe('<p>&lt;b&gt;<i>&amp;</i>0</p>');
});

test('a curve goes on over stages, and a repeated step counts once', () => {
  const log = [
    { event: 'start' },
    { event: 'step', stage: 'one', step: 10, loss: 3 },
    { event: 'step', stage: 'one', step: 20, loss: 9 },
    { event: 'step', stage: 'one', step: 20, loss: 2 },
    { event: 'validation', stage: 'one', step: 20, loss: 2.5, best: true },
    { event: 'step', stage: 'two', step: 10, loss: 1 },
    { event: 'validation', stage: 'two', step: 10, loss: null },
  ];
  const { curve } = readTrainingLog(`${log.map((event) => JSON.stringify(event)).join('\n')}\n{"event":"st`);
  expect(curve.map(({ at, loss, validationLoss }) => [at, loss ?? null, validationLoss ?? null])).toEqual([
    [10, 3, null],
    [20, 2, null],
    [20, null, 2.5],
    [30, 1, null],
  ]);
});
