import type { GateTerms } from '../core/pipeline.ts';
import { type Box, type Gate, needs, type Plan, resolve, type Step } from '../core/plan.ts';
import { stepKey } from '../platform/step-key.ts';
import { type Difference, differences } from './differences.ts';

/** A result of an earlier run. */
export type Earlier = { run: string; input: unknown; output: unknown; version: number; seconds: number };

/** What the books know: the newest result under a key, and the newest result of a step of this persona. */
export type Books = {
  byKey(key: string): Promise<{ run: string; output: unknown } | undefined>;
  latest(step: string): Promise<Earlier | undefined>;
};

/** What will become of one box. */
export type Forecast = { name: string; kind: Box['kind']; activity?: string } & (
  | { will: 'reuse'; from: string; assuming: string[] }
  | {
      will: 'run';
      why: 'always' | 'refreshed' | 'never ran' | 'changed' | 'version' | 'result is gone';
      differences: Difference[];
      since?: string;
      seconds?: number;
    }
  | { will: 'depend'; on: string[]; seconds?: number }
  | { will: 'ask'; onlyWhenFailing?: true }
  | { will: 'compare' }
);

/**
 * Walks a plan without doing anything. A step that always runs is taken to find what it found last time, if it would be
 * asked the same; whatever rests on that says so in `assuming`.
 */
export async function forecast(plan: Plan, books: Books, refresh: readonly string[] = []): Promise<Forecast[]> {
  const outputs = new Map<string, unknown>();
  const guessed = new Map<string, string[]>(); // by box, the steps that look at a changing world on which it rests
  const result: Forecast[] = [];
  for (const box of plan.boxes) {
    const above = needs(box.input);
    const assuming = [...new Set(above.flatMap((name) => guessed.get(name) ?? []))];
    const named = { name: box.name, kind: box.kind };
    if (box.kind === 'gate') result.push({ ...named, will: 'ask', ...(asksWhenFailing(box) && { onlyWhenFailing: true }) });
    else if (box.kind === 'ending') result.push({ ...named, will: 'compare' });
    else result.push(await stepForecast(box, above, assuming));
  }
  return result;

  async function stepForecast(step: Step, above: string[], assuming: string[]): Promise<Forecast> {
    const named = { name: step.name, kind: step.kind, activity: step.activity };
    const latest = await books.latest(step.name);
    const seconds = latest ? { seconds: latest.seconds } : {};
    const unknown = above.filter((name) => !outputs.has(name));
    if (unknown.length > 0) {
      return step.reuse
        ? { ...named, will: 'depend', on: unknown, ...seconds }
        : { ...named, will: 'run', why: 'always', differences: [], ...seconds };
    }

    const input = resolve(step.input, outputs);
    const key = stepKey({ activity: step.activity, version: step.version, input });
    const changed = latest ? differences(latest.input, input) : [];
    if (!step.reuse) {
      if (latest && changed.length === 0 && latest.version === step.version) {
        outputs.set(step.name, latest.output);
        guessed.set(step.name, [...assuming, step.name]);
      }
      return { ...named, will: 'run', why: 'always', differences: changed, ...(latest && { since: latest.run }), ...seconds };
    }
    if (refresh.includes(step.name) || refresh.includes('*'))
      return { ...named, will: 'run', why: 'refreshed', differences: [], ...seconds };
    const found = await books.byKey(key);
    if (found) {
      outputs.set(step.name, found.output);
      guessed.set(step.name, assuming);
      return { ...named, will: 'reuse', from: found.run, assuming };
    }
    if (!latest) return { ...named, will: 'run', why: 'never ran', differences: [] };
    const why = changed.length > 0 ? 'changed' : latest.version !== step.version ? 'version' : 'result is gone';
    return { ...named, will: 'run', why, differences: changed, since: latest.run, ...seconds };
  }
}

const asksWhenFailing = ({ input }: Gate): boolean => (input as { terms?: GateTerms } | undefined)?.terms?.ask === 'when failing';
