import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Box } from '../core/plan.ts';
import type { Progress } from '../core/run.ts';
import { loadPersona } from '../platform/config.ts';
import { release } from '../workflows/pipelines/release.ts';
import { killTrainingAt, trainingMoments } from './support/training-moments.ts';
import { run, startTroupe, type Troupe } from './support/troupe.ts';

// Every process is killed with -9 while a persona is released, and the release ends as if nothing had happened.
// `make test` kills each victim three times in one run; `make test-kill` (KILL_MATRIX=1) kills it in every single step.

const victims = ['worker', 'trainer', 'training', 'ollama', 'postgres', 'temporal'] as const;
type Victim = (typeof victims)[number];

/** The steps in which each is killed in `make test`: three in which it has something to lose. A training has its own moments. */
const moments: Record<Exclude<Victim, 'training'>, string[]> = {
  worker: ['dataset', 'answers', 'approval'],
  trainer: ['adapter', 'adapter', 'likelihood'],
  ollama: ['candidate', 'samples', 'answers'],
  postgres: ['dataset', 'adapter', 'answers'],
  temporal: ['adapter', 'answers', 'approval'],
};

let troupe: Troupe;
let template: string;
/** The adapter of a run that nobody disturbed: what every other run must come to, to the bit. */
let undisturbed: unknown;

beforeAll(async () => {
  troupe = await startTroupe({ name: 'kill', configs: join(import.meta.dirname, 'configs') });
  template = readFileSync(join(troupe.home, 'configs', 'personas', 'kill.yaml'), 'utf8');
  const base = await run(join(process.env.TROUPE_TOOLS!, 'trainer-python'), ['trainer-py/tiny_base.py', '--if-missing'], process.env);
  expect(base.code, base.err).toBe(0);
  const world = await run(
    process.execPath,
    ['scripts/make-world.ts', '--rows', '1500', '--database', troupe.stack().demoDatabase!],
    process.env,
  );
  expect(world.code, world.err).toBe(0);

  const asked = await troupe.json('run', 'kill', '--until', 'model');
  expect(asked, JSON.stringify(asked.outcome)).toMatchObject({ code: 0 });
  undisturbed = await adapterOf('kill');
}, 600_000);

afterAll(() => troupe?.stop(), 60_000);

const adapterOf = async (persona: string) => {
  const [row] = await troupe.rows(
    `select output->'adapter' as adapter from steps join runs on runs.id = run where persona = '${persona}' and step = 'adapter' order by steps.ended_at desc limit 1`,
  );
  return row?.adapter;
};

let casts = 0;

/** A persona of its own for each release: the same words and the same training, so that nothing may differ in the end. */
const cast = (kind: string): string => {
  const name = `${kind}-${++casts}`; // a test that is tried again does not meet what it left behind
  writeFileSync(
    join(troupe.home, 'configs', 'personas', `${name}.yaml`),
    template.replace(/^name: kill$/m, `name: ${name}`).replace('kill:latest', `${name}:latest`),
  );
  // What the trainer kept of the undisturbed run would spare this one the work that is to be interrupted.
  for (const folder of readdirSync(join(troupe.home, 'runs'))) rmSync(join(troupe.home, 'runs', folder), { recursive: true, force: true });
  return name;
};

const progressOf = (persona: string): Promise<Progress | undefined> =>
  troupe.temporal((client) => client.workflow.getHandle(`persona/${persona}`).query<Progress>('progress')).catch(() => undefined);

/** What would otherwise be waited for in vain. */
const failed = (progress: Progress | undefined) => {
  if (progress?.outcome) throw new Error(`the run ended: ${JSON.stringify(progress.outcome)}`);
};

async function when<T>(what: string, look: () => Promise<T | undefined>, patience = 180_000): Promise<T> {
  const deadline = Date.now() + patience;
  while (Date.now() < deadline) {
    const found = await look();
    if (found !== undefined) return found;
    await sleep(50);
  }
  throw new Error(`waited ${patience / 1000} s in vain: ${what}`);
}

type Process = { pid: number; parent: number; command: string; home: boolean };
const processes = (): Process[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ');
        const environment = readFileSync(`/proc/${name}/environ`, 'utf8');
        const parent = Number(/^PPid:\t(\d+)/m.exec(readFileSync(`/proc/${name}/status`, 'utf8'))?.[1]);
        return [
          { pid: Number(name), parent, command, home: environment.includes(`TROUPE_HOME=${troupe.home}`) || command.includes(troupe.home) },
        ];
      } catch {
        return [];
      }
    })
    .filter((process) => process.home);

const marks: Record<Victim, RegExp> = {
  worker: /workers\/main\.ts/,
  trainer: /trainer-py\/worker\.py/,
  training: /trainer-py\/warm\.py/, // and a child of another such: the warm process forks itself for each work
  ollama: /ollama serve/,
  postgres: /postgres -D/,
  temporal: /temporal server start-dev/,
};
const found = (victim: Victim): Process[] => {
  const matching = processes().filter(({ command }) => marks[victim].test(command));
  const pids = new Set(matching.map(({ pid }) => pid));
  // A server's helpers look like the server; work looks like the process that forked it.
  return matching.filter(({ parent }) => pids.has(parent) === (victim === 'training'));
};

/** Kills the victim; false where it does not live just now. */
const kill = (victim: Victim): boolean => {
  const pid = found(victim)[0]?.pid;
  if (pid !== undefined) process.kill(pid, 'SIGKILL');
  return pid !== undefined;
};

/** Kills the victim in a step that is under way; false where the step was over before anybody could look, which only a brief one may be. */
async function killIn(victim: Victim, persona: string, step: string): Promise<boolean> {
  const missed = await when(`${victim} in ${step} of ${persona}`, async () => {
    const now = await progressOf(persona);
    failed(now);
    const box = now?.boxes.find(({ name }) => name === step);
    if (box?.state === 'running') return kill(victim) ? 'hit' : undefined;
    return box && box.state !== 'waiting' ? box : undefined;
  });
  if (missed === 'hit') return true;
  expect(missed.ended! - missed.started!, `ms in which ${step} ran, and ${victim} lived on`).toBeLessThan(750);
  return false;
}

/** Says yes, and again where the books are just coming back. */
const approve = (persona: string) =>
  when(
    `${persona} approved`,
    () =>
      troupe.json('approve', persona, '--by', 'test', '--inconclusive', '--wait').catch((error: Error) => {
        if (!error.message.includes('does not answer')) throw error;
        return undefined;
      }),
    120_000,
  );

/** What a release leaves in the world, and would leave twice if a step that was cut off had done its work twice. */
async function effectsOf(persona: string) {
  const { models } = (await (await fetch(`${troupe.stack().ollama}/api/tags`)).json()) as { models: { name: string; digest: string }[] };
  const tags = models.filter(({ name }) => name.startsWith(`${persona}:`));
  return {
    runs: await troupe.rows(`select outcome->>'status' as status from runs where persona = '${persona}'`),
    decisions: await troupe.rows(`select gate, verdict, by from decisions join runs on runs.id = run where persona = '${persona}'`),
    releases: await troupe.rows(`select number, previous from releases where persona = '${persona}'`),
    aliases: await troupe.rows(`select alias, release from aliases where persona = '${persona}' order by alias`),
    moves: await troupe.rows(`select alias, from_release, to_release from moves where persona = '${persona}' order by alias`),
    deployments: await troupe.rows(`select tag from deployments where name = '${persona}'`),
    tags: tags.map(({ name }) => name).sort(),
    models: new Set(tags.map(({ digest }) => digest)).size,
  };
}

/** The same of a release that nobody disturbed. */
const effectsOfOne = (persona: string, candidate: string): Awaited<ReturnType<typeof effectsOf>> => {
  const [name, tag] = [`${persona}-1`, `${persona}:cand-${candidate.slice(0, 12)}`];
  return {
    runs: [{ status: 'released' }],
    decisions: [{ gate: 'approval', verdict: 'approve', by: 'test' }],
    releases: [{ number: 1, previous: null }],
    aliases: ['anchor', 'champion'].map((alias) => ({ alias, release: name })),
    moves: ['anchor', 'champion'].map((alias) => ({ alias, from_release: null, to_release: name })),
    deployments: [{ tag }],
    tags: [tag, `${persona}:latest`, `${persona}:release-1`],
    models: 1,
  };
};

/**
 * Releases a persona while its victim dies again and again, before the gate or after it, and looks whether anything shows.
 * How often it died.
 */
async function releaseInSpiteOf(
  name: string,
  killing: (persona: string) => Promise<number>,
  { approvedFirst = false } = {},
): Promise<number> {
  const persona = cast(name);
  const started = await troupe.cli('run', persona, '--detach', '--refresh', '*');
  expect(started.code, started.err).toBe(0);

  let killed = approvedFirst ? 0 : await killing(persona);
  await when(
    `${persona} at its gate`,
    async () => {
      const now = await progressOf(persona);
      failed(now);
      return now?.waiting ? true : undefined;
    },
    300_000,
  );
  const approving = approve(persona);
  if (approvedFirst) killed = await killing(persona);
  const approved = await approving;

  expect(approved, JSON.stringify(approved.outcome)).toMatchObject({ code: 0, outcome: { status: 'released', release: `${persona}-1` } });
  expect(await adapterOf(persona)).toEqual(undisturbed);
  const [{ candidate }] = (await troupe.rows(`select candidate from releases where persona = '${persona}'`)) as [{ candidate: string }];
  expect(await effectsOf(persona)).toEqual(effectsOfOne(persona, candidate));
  expect(Math.max(0, ...repeated())).toBeLessThanOrEqual(oneInterval());
  expect(found('training')).toEqual([]);
  return killed;
}

type TrainingEvent = { event: string; stage: string; step: number };

/** How many steps trainings did again after each interruption, as their events tell: where they were, less where they went on. */
const repeated = (): number[] =>
  readdirSync(join(troupe.home, 'runs'))
    .map((name) => join(troupe.home, 'runs', name, 'events.jsonl'))
    .filter(existsSync)
    .flatMap((file) => {
      const done = new Map<string, number>();
      const events = readFileSync(file, 'utf8').split('\n').filter(Boolean);
      return events.flatMap((line) => {
        const { event, stage, step } = JSON.parse(line) as TrainingEvent;
        if (event === 'step') done.set(stage, step);
        return event === 'stage' && done.has(stage) ? [done.get(stage)! - step] : [];
      });
    });

const oneInterval = () => Number(/saveSteps: (\d+)/.exec(template)?.[1]);

if (process.env.KILL_MATRIX) {
  const { boxes } = release(loadPersona({ configs: join(import.meta.dirname, 'configs') }, 'kill'));
  // The gate of the data lets these words through at once. A training's process lives in the steps of the trainer.
  const killable = (victim: Victim, box: Box) =>
    victim === 'training' ? box.kind === 'step' && box.queue.startsWith('trainer') : box.kind === 'step' || box.name === 'approval';
  const cases = victims.flatMap((victim) => boxes.filter((box) => killable(victim, box)).map(({ name }) => [victim, name] as const));

  let hits = 0;
  test.each(cases)('killing %s in %s changes nothing', { timeout: 600_000 }, async (victim, step) => {
    hits += await releaseInSpiteOf(`kill-${victim}-${step}`, async (persona) => ((await killIn(victim, persona, step)) ? 1 : 0), {
      approvedFirst: step === 'release',
    });
  });
  afterAll(() => console.log(`${hits} of ${cases.length} victims died in their step; the others' steps were over within 0.75 s`));
} else {
  test.each(Object.entries(moments) as [Victim, string[]][])(
    'killing %s in %s changes nothing',
    { timeout: 600_000 },
    async (victim, steps) => {
      const killed = await releaseInSpiteOf(`kill-${victim}`, async (persona) => {
        let hits = 0;
        for (const step of steps) if (await killIn(victim, persona, step)) hits++;
        return hits;
      });

      expect(killed).toBe(3);
    },
  );

  test('killing the training before, while and between writing checkpoints changes nothing', { timeout: 600_000 }, async () => {
    const killed = await releaseInSpiteOf('kill-training', async () => {
      let kills = 0;
      for (const moment of trainingMoments) kills += await killTrainingAt(moment, troupe.home, async () => kill('training'));
      return kills;
    });

    expect(killed).toBeGreaterThanOrEqual(3);
    expect(repeated()).not.toEqual([]); // interruptions are told at all
  });
}
