import { beforeAll, describe, expect, test } from 'vitest';
import { championActivities } from '../activities/champion.ts';
import { deployActivities } from '../activities/deploy.ts';
import { prune } from '../activities/prune.ts';
import { publishActivities } from '../activities/publish.ts';
import { adopt, listReleases, putBack, rollback, setAnchor } from '../activities/releases.ts';
import { failures } from '../core/failures.ts';
import { type Candidate, type Model, Serving } from '../core/model.ts';
import type { Champion, PublishRequest } from '../core/release.ts';
import { listMoves } from '../platform/db/aliases.ts';
import { listDecisions } from '../platform/db/decisions.ts';
import { recordRunEnd, recordRunStart } from '../platform/db/runs.ts';
import { recordStep } from '../platform/db/steps.ts';
import { openOllama } from '../platform/ollama.ts';
import type { OpenPlatform } from '../platform/open.ts';
import { aModel, aPlatform, asked } from './support/platform.ts';

let platform: OpenPlatform;
let models: Model[];
beforeAll(async () => {
  platform = await aPlatform();
  models = await Promise.all([1, 2, 3].map((seed) => aModel(platform, { seed })));
});

const evidence = 'e'.repeat(64);
const servingOf = (persona: string, more: Partial<Serving> = {}): Serving =>
  Serving.parse({ name: `${persona}:live`, system: 'You are Ada.', maxTokens: 8, contextLength: 256, ...more });

const champion = (persona: string, serving = servingOf(persona)): Promise<Champion> =>
  championActivities(platform).findChampion(asked({ persona, serving }));

const candidateOf = (persona: string, model: number, serving = servingOf(persona)): Promise<Candidate> =>
  deployActivities(platform).deployModel(asked({ name: persona, model: models[model]!, serving }));

/** What a run hands to `publishRelease`, with small stand-ins for what is only written down. */
async function aRequest(persona: string, model: number, more: Partial<PublishRequest> = {}): Promise<PublishRequest> {
  const { artifacts } = platform;
  const serving = more.serving ?? servingOf(persona);
  const file = await artifacts.put(`a file of ${persona}`, 'text/plain');
  const training = { train: file, validation: file, rows: { train: 1, validation: 1 } };
  return {
    persona,
    serving,
    candidate: await candidateOf(persona, model, serving),
    champion: await champion(persona, serving),
    approval: {
      gate: 'approval',
      by: 'demo',
      claimed: true,
      evidence,
      verdict: 'pass',
      comment: null,
      at: '2026-01-01T00:00:00Z',
      via: 'update',
    },
    report: {
      digest: evidence,
      verdict: 'pass',
      headline: 'better',
      checks: [],
      scores: [],
      html: file,
      results: file,
      progress: file,
      data: file,
    },
    snapshot: { words: file, rows: 1, tables: [], consents: ['consent-1'], sources: [], quarantined: null },
    dataset: { training, test: file, testRows: 1, manifest: file, card: file },
    base: {
      name: 'tiny',
      revision: null,
      digest: 'b'.repeat(64),
      architecture: 'LlamaForCausalLM',
      parameters: 1,
      licence: 'Apache-2.0',
      base: { folder: '~/tiny', licence: 'Apache-2.0' },
      ollama: null,
      environment: 'f'.repeat(64),
    },
    adapter: {
      adapter: models[model]!.folder,
      log: file,
      board: null,
      stages: [],
      steps: 1,
      tokens: 1,
      device: 'cpu',
      precision: 'fp32',
      microBatch: '4 x 4',
      degraded: [],
      versions: { torch: '2' },
    },
    ...more,
  };
}

let runs = 0;
const publish = (input: PublishRequest, run = `run-${runs++}`, on: OpenPlatform = platform) =>
  publishActivities(on).publishRelease(asked(input, { run }));
const served = async (name: string) => (await platform.ollama.find(name))?.digest;

describe('an approved candidate', () => {
  test('becomes the champion, is served under its name, and is kept under its own', async () => {
    const request = await aRequest('pub-first', 0);
    const none = { release: null, isChampion: false, tag: null, model: null };
    expect(request.champion).toEqual({ release: null, digest: null, tag: null, model: null, baseline: null, anchor: none });

    const release = await publish(request);

    expect(release).toMatchObject({
      release: 'pub-first-1',
      number: 1,
      tag: 'pub-first:live',
      candidate: request.candidate.digest,
      previous: null,
    });
    expect(await served('pub-first:live')).toBe(request.candidate.ollamaDigest);
    expect(await champion('pub-first')).toEqual({
      release: 'pub-first-1',
      digest: request.candidate.digest,
      tag: 'pub-first:release-1',
      model: models[0],
      baseline: null,
      anchor: { release: 'pub-first-1', isChampion: true, tag: null, model: null },
    });
    const record = JSON.parse((await platform.artifacts.get(release.record)).toString()) as Record<string, unknown>;
    expect(record).toMatchObject({
      release: 'pub-first-1',
      approval: request.approval,
      report: request.report,
      snapshot: request.snapshot,
      serving: request.serving,
      code: { commit: expect.stringMatching(/^[0-9a-f]{40}$/) },
      versions: { ollama: expect.any(String), node: process.version },
    });
  });

  test('released twice by the same run is one release', async () => {
    const request = await aRequest('pub-retried', 0);

    const [first, second] = [await publish(request, 'same run'), await publish(request, 'same run')];

    expect(second).toEqual(first);
    expect(await listReleases(platform, { persona: 'pub-retried' })).toHaveLength(1);
    expect(await listDecisions(platform.db, { run: 'same run' })).toMatchObject([
      { verdict: 'approve', by: 'demo', claimed: true, evidence },
    ]);
  });

  test('is refused to a run that was reset after its release and brings another candidate', async () => {
    await publish(await aRequest('pub-reset', 0), 'reset run');

    const again = publish(await aRequest('pub-reset', 1), 'reset run');

    await expect(again).rejects.toMatchObject({
      type: failures.championChanged,
      nonRetryable: true,
      message: expect.stringContaining('./troupe run pub-reset'),
    });
    expect(await champion('pub-reset')).toMatchObject({ release: 'pub-reset-1' });
  });

  test('is refused when the yes was for other evidence, for a fail, or does not name the doubt', async () => {
    const request = await aRequest('pub-refused', 0);
    const refused = [
      { ...request, approval: { ...request.approval, evidence: 'd'.repeat(64) } },
      { ...request, report: { ...request.report, verdict: 'fail' as const } },
      { ...request, report: { ...request.report, verdict: 'inconclusive' as const } },
    ];

    for (const one of refused) await expect(publish(one)).rejects.toMatchObject({ type: failures.requestInvalid, nonRetryable: true });

    expect(await served('pub-refused:live')).toBeUndefined();
    const inconclusive = {
      approval: { ...request.approval, verdict: 'inconclusive' },
      report: { ...request.report, verdict: 'inconclusive' as const },
    };
    expect(await publish({ ...request, ...inconclusive })).toMatchObject({ number: 1 });
  });

  test('is refused when somebody changed its tag after it was evaluated', async () => {
    const request = await aRequest('pub-changed', 0);
    const other = await candidateOf('pub-changed', 1);
    await platform.ollama.copy(other.tag, request.candidate.tag);

    await expect(publish(request)).rejects.toMatchObject({
      type: failures.ollamaRefused,
      message: expect.stringContaining(request.candidate.tag),
    });

    expect(await champion('pub-changed')).toMatchObject({ release: null });
  });
});

describe('compare and swap', () => {
  test('two publishes at once make one champion', async () => {
    const requests = [await aRequest('pub-twice', 0), await aRequest('pub-twice', 1)];

    const ended = await Promise.allSettled(requests.map((request) => publish(request)));

    const winner = ended.findIndex(({ status }) => status === 'fulfilled');
    const loser = ended[1 - winner] as PromiseRejectedResult;
    expect(ended.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(loser.reason).toMatchObject({
      type: failures.championChanged,
      nonRetryable: true,
      message: expect.stringContaining('pub-twice-1'),
    });
    expect(await listReleases(platform, { persona: 'pub-twice' })).toMatchObject([{ id: 'pub-twice-1', aliases: ['anchor', 'champion'] }]);
    expect(await served('pub-twice:live')).toBe(requests[winner]!.candidate.ollamaDigest);
  });

  test('the same run at once is one release', async () => {
    const request = await aRequest('pub-doubled', 0);

    const releases = await Promise.all([1, 2, 3, 4].map(() => publish(request, 'doubled run')));

    expect(new Set(releases.map(({ release }) => release))).toEqual(new Set(['pub-doubled-1']));
  });

  test('a late retry undoes neither a newer release nor a rollback', async () => {
    const first = await aRequest('pub-late', 0);
    await publish(first, 'late 1');
    const second = await aRequest('pub-late', 1);
    await publish(second, 'late 2');

    const again = await publish(first, 'late 1');
    expect(again).toMatchObject({ release: 'pub-late-1' });
    expect(await champion('pub-late')).toMatchObject({ release: 'pub-late-2' });
    expect(await served('pub-late:live')).toBe(second.candidate.ollamaDigest);

    await rollback(platform, { persona: 'pub-late', by: 'demo' });
    await publish(second, 'late 2');
    expect(await champion('pub-late')).toMatchObject({ release: 'pub-late-1' });
    expect(await served('pub-late:live')).toBe(first.candidate.ollamaDigest);
  });

  test('a crash before the name was switched is repaired by the retry', async () => {
    const first = await aRequest('pub-crash', 0);
    await publish(first);
    const second = await aRequest('pub-crash', 1);
    const { ollama } = platform;
    const dying = {
      ...ollama,
      copy: (from: string, to: string) => (to.endsWith(':live') ? Promise.reject(new Error('killed')) : ollama.copy(from, to)),
    };

    await expect(publish(second, 'crash', { ...platform, ollama: dying })).rejects.toThrow('killed');
    expect(await served('pub-crash:live')).toBe(first.candidate.ollamaDigest);
    expect(await publish(second, 'crash')).toMatchObject({ number: 2 });

    expect(await served('pub-crash:live')).toBe(second.candidate.ollamaDigest);
    expect(await listReleases(platform, { persona: 'pub-crash' })).toHaveLength(2);
  });

  test('a crash before the release was written down leaves nothing released', async () => {
    const request = await aRequest('pub-early', 0);
    const failing = { ...platform, artifacts: { ...platform.artifacts, put: () => Promise.reject(new Error('killed')) } };

    await expect(publish(request, 'early', failing)).rejects.toThrow('killed');
    expect(await champion('pub-early')).toMatchObject({ release: null });
    expect(await served('pub-early:live')).toBeUndefined();

    expect(await publish(request, 'early')).toMatchObject({ number: 1 });
  });

  test('with Ollama away nothing is released, and it may be tried again', async () => {
    const request = await aRequest('pub-away', 0);

    await expect(publish(request, 'away', { ...platform, ollama: openOllama('http://127.0.0.1:9') })).rejects.toMatchObject({
      nonRetryable: false,
    });

    expect(await champion('pub-away')).toMatchObject({ release: null });
  });
});

describe('rolling back', () => {
  test('takes seconds, is written down, and goes back one release at a time', async () => {
    const requests: PublishRequest[] = [];
    for (const model of [0, 1, 2]) {
      requests.push(await aRequest('pub-back', model));
      await publish(requests[model]!);
    }

    const back = await rollback(platform, { persona: 'pub-back', by: 'david' });

    expect(back).toMatchObject({ from: 'pub-back-3', to: 'pub-back-2', tag: 'pub-back:live' });
    expect(back.seconds).toBeLessThan(5);
    expect(await served('pub-back:live')).toBe(requests[1]!.candidate.ollamaDigest);
    expect((await listMoves(platform.db, { persona: 'pub-back' })).slice(0, 2)).toMatchObject([
      { alias: 'challenger', toRelease: 'pub-back-3', reason: 'rollback' },
      { alias: 'champion', fromRelease: 'pub-back-3', toRelease: 'pub-back-2', reason: 'rollback', by: 'david' },
    ]);
    expect(await rollback(platform, { persona: 'pub-back', by: 'david' })).toMatchObject({ to: 'pub-back-1' });
    await expect(rollback(platform, { persona: 'pub-back', by: 'david' })).rejects.toThrow(
      /pub-back-1 is the first release of pub-back, so there is none before it\.$/,
    );
    expect(await rollback(platform, { persona: 'pub-back', by: 'david', to: 'pub-back-3' })).toMatchObject({ to: 'pub-back-3' });
    await expect(rollback(platform, { persona: 'pub-back', by: 'david', to: 'pub-back-9' })).rejects.toThrow(
      'It has pub-back-3, pub-back-2, pub-back-1',
    );
  });

  test('brings a release back whose tag was lost', async () => {
    const first = await aRequest('pub-lost', 0);
    await publish(first);
    await publish(await aRequest('pub-lost', 1));
    for (const tag of ['pub-lost:release-1', first.candidate.tag]) await platform.ollama.delete(tag);

    expect(await rollback(platform, { persona: 'pub-lost', by: 'david' })).toMatchObject({ to: 'pub-lost-1' });

    expect((await platform.ollama.find('pub-lost:live'))?.digest).toBe((await platform.ollama.find('pub-lost:release-1'))?.digest);
  });

  test('a number is never given twice', async () => {
    for (const model of [0, 1]) await publish(await aRequest('pub-number', model));
    await rollback(platform, { persona: 'pub-number', by: 'david' });

    expect(await publish(await aRequest('pub-number', 2))).toMatchObject({ release: 'pub-number-3', previous: 'pub-number-1' });
  });

  test('the first release is the anchor, until a person names another', async () => {
    for (const model of [0, 1, 2]) await publish(await aRequest('pub-anchor', model));
    const aliases = async () => (await listReleases(platform, { persona: 'pub-anchor' })).map((release) => release.aliases);

    expect(await aliases()).toEqual([['champion'], [], ['anchor']]);
    const first = { release: 'pub-anchor-1', isChampion: false, tag: 'pub-anchor:release-1', model: models[0] };
    expect((await champion('pub-anchor')).anchor).toEqual(first);

    await setAnchor(platform, { persona: 'pub-anchor', release: 'pub-anchor-2', by: 'david' });
    await rollback(platform, { persona: 'pub-anchor', by: 'david' });

    expect(await aliases()).toEqual([['challenger'], ['anchor', 'champion'], []]);
    expect((await champion('pub-anchor')).anchor).toEqual({ release: 'pub-anchor-2', isChampion: true, tag: null, model: null });
    await expect(setAnchor(platform, { persona: 'pub-anchor', release: 'pub-back-1', by: 'david' })).rejects.toThrow(
      'has no release pub-back-1',
    );
  });
});

describe('a model that was there before', () => {
  /** Somebody's own model under a name. */
  async function somebodys(name: string): Promise<string> {
    const other = await candidateOf(`own-${name.split(':')[0]}`, 2);
    await platform.ollama.copy(other.tag, name);
    return other.ollamaDigest;
  }

  test('is never overwritten; adopted, it is compared with and its name is free', async () => {
    const persona = 'pub-adopt';
    const serving = servingOf(persona, { name: 'pub-angela:latest' });
    const request = await aRequest(persona, 0, { serving });
    const theirs = await somebodys('pub-angela:latest');

    await expect(champion(persona, serving)).rejects.toMatchObject({ type: failures.nameTaken }); // before anything is trained
    await expect(publish(request)).rejects.toMatchObject({
      type: failures.nameTaken,
      nonRetryable: true,
      message: expect.stringContaining(`./troupe adopt ${persona} pub-angela:latest`),
    });
    expect(await served('pub-angela')).toBe(theirs);

    const adoption = await adopt(platform, { persona, name: 'pub-angela', serving, by: 'david' });
    expect(await adopt(platform, { persona, name: 'pub-angela', serving, by: 'david' })).toMatchObject({ keptTag: adoption.keptTag });
    expect((await champion(persona, serving)).baseline).toBe(adoption.keptTag);
    await publish(request);
    expect(await served('pub-angela')).toBe(request.candidate.ollamaDigest);
    await expect(rollback(platform, { persona, by: 'david' })).rejects.toThrow(`./troupe adopt ${persona} pub-angela:latest --put-back`);

    await putBack(platform, { persona, name: 'pub-angela', by: 'david' });
    await putBack(platform, { persona, name: 'pub-angela', by: 'david' });
    expect(await served('pub-angela')).toBe(theirs);
    await expect(champion(persona, serving)).rejects.toMatchObject({ type: failures.nameTaken });
  });

  test('is the baseline under another name, and stays as it is', async () => {
    const persona = 'pub-baseline';
    const serving = servingOf(persona, { baseline: 'pub-older:latest' });
    const theirs = await somebodys('pub-older:latest');

    const { keptTag } = await adopt(platform, { persona, name: 'pub-older', serving, by: 'david' });
    await publish(await aRequest(persona, 0, { serving }));

    expect(await champion(persona, serving)).toMatchObject({ release: 'pub-baseline-1', baseline: keptTag });
    expect(await served('pub-older')).toBe(theirs);
  });

  test('is adopted only where that has an effect', async () => {
    const serving = servingOf('pub-useless');

    await expect(adopt(platform, { persona: 'pub-useless', name: 'llama3.2:3b', serving, by: 'david' })).rejects.toThrow(
      'serving.baseline: llama3.2:3b',
    );
    await expect(adopt(platform, { persona: 'pub-useless', name: serving.name, serving, by: 'david' })).rejects.toThrow(
      'Ollama has no model pub-useless:live',
    );
    await publish(await aRequest('pub-useless', 0));
    await expect(adopt(platform, { persona: 'pub-useless', name: serving.name, serving, by: 'david' })).rejects.toThrow(
      'was made by Troupe',
    );
  });
});

test('pruning removes what no release and no recent run needs, and nothing else', async () => {
  const own = await aPlatform();
  const [kept, old, waste] = [
    await aModel(own, { seed: 1 }),
    await aModel(own, { seed: 41 }),
    await own.artifacts.put('waste', 'text/plain'),
  ];
  const serving = servingOf('pub-prune');
  const deployed = async (model: Model) => deployActivities(own).deployModel(asked({ name: 'pub-prune', model, serving }));
  const [released, forgotten] = [await deployed(kept), await deployed(old)];
  const words = await own.artifacts.put('words', 'text/plain');
  const request = await aRequest('pub-prune', 0);
  await publish(
    {
      ...request,
      candidate: released,
      adapter: { ...request.adapter, adapter: kept.folder, log: words },
      snapshot: { ...request.snapshot, words },
    },
    'prune',
    own,
  );
  const plan = { pipeline: 'release', persona: 'pub-prune', boxes: [], result: null };
  await recordRunStart(own.db, {
    run: 'newest',
    persona: 'pub-prune',
    pipeline: 'release',
    plan,
    trigger: 'cli',
    workflow: 'w',
    workflowRun: 'r',
  });
  const recent = await own.artifacts.put('recent', 'text/plain');
  const times = { startedAt: new Date(), endedAt: new Date() };
  await recordStep(own.db, { run: 'newest', step: 'x', activity: 'x', version: 1, key: 'k', input: {}, output: { recent }, ...times });
  await recordRunEnd(own.db, { run: 'newest', outcome: { status: 'cancelled', persona: 'pub-prune' } });

  expect(await prune(own, { dryRun: false })).toEqual({ tags: [], artifacts: { count: 0, bytes: 0 }, work: { count: 0, bytes: 0 } });
  const foretold = await prune(own, { dryRun: true, olderThan: -1000 });
  expect(await own.artifacts.verify(waste)).toBe(true);
  const done = await prune(own, { dryRun: false, olderThan: -1000 });

  expect(done).toEqual(foretold);
  expect(done.tags.sort()).toEqual([released.tag, forgotten.tag].sort());
  expect(await own.artifacts.verify(waste)).toBe(false);
  expect(await own.artifacts.verify(old.folder)).toBe(false);
  for (const ref of [words, recent, kept.folder, ...Object.values((await own.artifacts.listFolder(kept.folder)).files)]) {
    expect(await own.artifacts.verify({ digest: ref.digest })).toBe(true);
  }
  expect(await own.ollama.find('pub-prune:release-1')).toBeDefined();
});
