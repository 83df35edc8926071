import fc from 'fast-check';
import { expect, test } from 'vitest';
import { untilStep } from '../core/pipeline.ts';
import { type Box, needs, type Plan } from '../core/plan.ts';
import { type Outside, StepFailed, walk } from '../workflows/engine.ts';

type Ended = { how: string };

/** A step `name` that needs the boxes named, and gives its own name with what it was given. */
const step = (name: string, ...from: string[]): Box => ({
  kind: 'step',
  name,
  activity: name,
  queue: 'pipeline',
  profile: 'quick',
  version: 1,
  reuse: true,
  input: Object.fromEntries(from.map((other) => [other, { $from: other }])),
});
const gate = (name: string, on: string): Box => ({ kind: 'gate', name, input: { evidence: { $from: on } } });
const plan = (...boxes: Box[]): Plan => ({ pipeline: 'test', persona: 'someone', boxes, result: { $from: boxes.at(-1)!.name } });

/** Records everything that happens; each step takes as long as `takes` says. */
const outside = (options: { takes?: (step: string) => number; fails?: string[]; gate?: 'approved' | 'held' } = {}) => {
  const log: string[] = [];
  const stopped = Promise.withResolvers<void>();
  const act: Outside<Ended> & { log: string[] } = {
    log,
    async execute({ name }, input) {
      log.push(`start ${name}`);
      const over = { name, at: 0 };
      for (; over.at < (options.takes?.(name) ?? 0); over.at++) await Promise.resolve();
      if (options.fails?.includes(name)) throw new Error(`${name} broke`);
      log.push(`end ${name}`);
      return { name, input };
    },
    async wait({ name }) {
      log.push(`gate ${name}`);
      return options.gate === 'held' ? { ended: { how: 'held' } } : { approval: { by: 'someone' } };
    },
    same: (about) => ({ how: `unchanged ${JSON.stringify(about)}` }),
    stop: () => stopped.resolve(),
  };
  return act;
};

test('a step starts only when everything it needs is there', async () => {
  const act = outside();

  const walked = await walk(plan(step('a'), step('b', 'a'), step('c'), step('d', 'b', 'c')), act);

  expect(act.log.indexOf('start b')).toBeGreaterThan(act.log.indexOf('end a'));
  expect(act.log.indexOf('start d')).toBeGreaterThan(act.log.indexOf('end c'));
  expect(walked).toMatchObject({ result: { name: 'd', input: { b: { name: 'b' }, c: { name: 'c' } } } });
});

test('a step waits for one whose output it does not need, when it is told to', async () => {
  const act = outside({ takes: () => 50 });

  await walk(plan(step('trains'), { ...step('answers'), after: ['trains'] } as Box, step('beside')), act);

  expect(act.log.indexOf('start answers')).toBeGreaterThan(act.log.indexOf('end trains'));
  expect(act.log.indexOf('start beside')).toBeLessThan(act.log.indexOf('end trains'));
});

test('a gate that breaks fails under its own name', async () => {
  const states: string[] = [];
  const act = { ...outside(), wait: () => Promise.reject(new Error('the books are gone')) };
  act.changed = (name, state) => states.push(`${name} ${state}`);

  const failed = await walk(plan(step('a'), gate('approval', 'a')), act).catch((error: unknown) => error);

  expect(failed).toMatchObject({ name: 'StepFailed', step: 'approval', cause: { message: 'the books are gone' } });
  expect(states.at(-1)).toBe('approval failed');
});

test('independent steps run at once', async () => {
  const act = outside({ takes: () => 50 });

  await walk(plan(step('a'), step('b'), step('c', 'a', 'b')), act);

  expect(act.log.slice(0, 2)).toEqual(['start a', 'start b']);
});

test('one failure stops the others, names its step, and starts nothing after it', async () => {
  const states: string[] = [];
  const act = outside({ takes: (name) => (name === 'slow' ? 200 : 1), fails: ['broken'] });
  let stops = 0;
  act.stop = () => stops++;
  act.changed = (name, state) => states.push(`${name} ${state}`);

  const walked = walk(plan(step('slow'), step('broken'), step('after', 'slow'), step('last', 'after', 'broken')), act);

  await expect(walked).rejects.toThrow(StepFailed);
  await expect(walked).rejects.toMatchObject({ step: 'broken' });
  expect(stops).toBe(1);
  expect(act.log).not.toContain('start after');
  expect(states).toContain('last skipped');
  expect(states).toContain('after skipped');
});

test('the walk settles only when everything that ran has settled', async () => {
  const act = outside({ takes: (name) => (name === 'slow' ? 300 : 1), fails: ['broken'] });

  await walk(plan(step('slow'), step('broken')), act).catch(() => undefined);

  expect(act.log).toContain('end slow');
});

test('a gate waits for everything above and holds back everything below', async () => {
  const act = outside({ takes: () => 20 });

  await walk(plan(step('evidence'), step('beside'), gate('approval', 'evidence'), step('free'), step('release', 'approval')), act);

  const at = (line: string) => act.log.indexOf(line);
  expect(at('gate approval')).toBeGreaterThan(at('end beside'));
  expect(at('start free')).toBeGreaterThan(at('gate approval'));
});

test('a gate that is not passed ends the walk, and nothing below it runs', async () => {
  const act = outside({ gate: 'held' });

  const walked = await walk(plan(step('evidence'), gate('approval', 'evidence'), step('release', 'approval')), act);

  expect(walked).toEqual({ ended: { how: 'held' }, by: 'approval' });
  expect(act.log).not.toContain('start release');
});

test.each([
  [{ one: 'same', other: 'same' }, 'unchanged'],
  [{ one: 'same', other: 'other' }, 'goes on'],
  [{ one: null, other: null }, 'goes on'],
])('an ending over %j: %s', async (compared, expected) => {
  const act = outside();
  const ending: Box = { kind: 'ending', name: 'changed', input: { ...compared, about: { release: 'r-1' } } };

  const walked = await walk(plan(step('a'), ending, step('b')), act);

  expect('ended' in walked ? 'unchanged' : 'goes on').toBe(expected);
});

/** Any plan whose boxes only look upwards, with gates among them. */
const anyPlan = fc
  .array(fc.record({ picks: fc.array(fc.nat(), { maxLength: 3 }), gate: fc.nat(9) }), { minLength: 1, maxLength: 12 })
  .map((rows) => {
    const boxes: Box[] = [];
    for (const [index, { picks, gate: chance }] of rows.entries()) {
      const above = picks.filter(() => index > 0).map((pick) => boxes[pick % index]!.name);
      boxes.push(chance === 0 && index > 0 ? gate(`g${index}`, boxes[index - 1]!.name) : step(`s${index}`, ...new Set(above)));
    }
    return plan(...boxes);
  });

test('any order of completion gives the same result, and no step starts before its inputs', async () => {
  await fc.assert(
    fc.asyncProperty(anyPlan, fc.array(fc.nat(40), { minLength: 12, maxLength: 12 }), async (written, delays) => {
      const slow = outside({ takes: (name) => delays[Number(name.slice(1))] ?? 0 });
      const quick = outside();

      const [one, other] = [await walk(written, slow), await walk(written, quick)];

      expect(one).toEqual(other);
      for (const box of written.boxes) {
        if (box.kind !== 'step') continue;
        const start = slow.log.indexOf(`start ${box.name}`);
        for (const needed of needs(box.input)) {
          const ready = slow.log.findIndex((line) => line === `end ${needed}` || line === `gate ${needed}`);
          expect(ready).toBeGreaterThanOrEqual(0);
          expect(start).toBeGreaterThan(ready);
        }
      }
    }),
  );
});

test('whatever fails and whenever, nothing starts after the failure was seen, and what failed is named', async () => {
  await fc.assert(
    fc.asyncProperty(anyPlan, fc.nat(11), fc.array(fc.nat(40), { minLength: 12, maxLength: 12 }), async (written, which, delays) => {
      const broken = written.boxes[which % written.boxes.length]!;
      fc.pre(broken.kind === 'step');
      const act = outside({ takes: (name) => delays[Number(name.slice(1))] ?? 0, fails: [broken.name] });
      let atFailure = Number.POSITIVE_INFINITY;
      act.stop = () => {
        atFailure = act.log.length;
      };

      await expect(walk(written, act)).rejects.toMatchObject({ step: broken.name });

      expect(act.log.slice(atFailure).filter((line) => line.startsWith('start') || line.startsWith('gate'))).toEqual([]);
    }),
  );
});

test('a run up to a step keeps the gates that hold the step back, with what they look at', async () => {
  const whole = plan(
    step('snapshot'),
    step('quality', 'snapshot'),
    gate('data', 'quality'),
    step('dataset', 'snapshot'),
    step('last', 'dataset'),
  );

  const act = outside({ gate: 'held' });
  const walked = await walk(untilStep(whole, 'dataset'), act);

  expect(walked).toEqual({ ended: { how: 'held' }, by: 'data' });
  expect(untilStep(whole, 'quality').boxes.map((box) => box.name)).toEqual(['snapshot', 'quality']);
});

test('however a plan is cut short, no step runs before the gates that stand above it', async () => {
  await fc.assert(
    fc.asyncProperty(anyPlan, fc.nat(11), async (written, which) => {
      const last = written.boxes[which % written.boxes.length]!.name;
      const cut = untilStep(written, last);
      const gates = written.boxes
        .slice(
          0,
          written.boxes.findIndex((box) => box.name === last),
        )
        .filter((box) => box.kind === 'gate');

      const act = outside();
      await walk(cut, act);

      expect(cut.boxes).toEqual(written.boxes.filter((box) => cut.boxes.includes(box)));
      for (const { name } of gates) expect(act.log).toContain(`gate ${name}`);
      const at = (box: string) => written.boxes.findIndex((other) => other.name === box);
      for (const [i, line] of act.log.entries()) {
        if (!line.startsWith('start')) continue;
        for (const { name } of gates) if (at(name) < at(line.slice(6))) expect(act.log.indexOf(`gate ${name}`)).toBeLessThan(i);
      }
    }),
  );
});
