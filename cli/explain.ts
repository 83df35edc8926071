import type { Plan } from '../core/plan.ts';
import { latestStep, listSteps } from '../platform/db/steps.ts';
import { openBooks } from './connect.ts';
import type { Context } from './context.ts';
import { differenceLine, differences } from './differences.ts';
import { getRun } from './find-run.ts';
import { knownStep } from './one-of.ts';
import { exitCodes, usage } from './stop.ts';

/** Tells why a step ran or was reused: which of its inputs differed from which earlier run. */
export async function command({ terminal, settings }: Context, runOrStep: string, stepName: string | undefined): Promise<number> {
  await using db = await openBooks(settings);
  const row = await getRun(db, stepName === undefined ? undefined : runOrStep);
  const plan = row.plan as Plan;
  if (plan.boxes.length === 0) throw usage(`${row.id} has no steps: it could not be planned. See: ./troupe status ${row.id}`);
  const name = knownStep(row.id, stepName ?? runOrStep, plan.boxes);
  const box = plan.boxes.find((other) => other.name === name)!;
  const steps = await listSteps(db, { run: row.id });
  const step = steps.find((other) => other.step === name);
  const say = (why: string, more: { comparedWith?: string; differences?: ReturnType<typeof differences> } = {}) => {
    if (terminal.json) terminal.out(JSON.stringify({ run: row.id, step: name, why, ...more }));
    else {
      terminal.out(`${name} of ${row.id}: ${why}`);
      for (const difference of more.differences ?? []) terminal.out(`  ${differenceLine(difference)}`);
    }
    return exitCodes.ok;
  };
  if (box.kind === 'ending') return say('it only compares; it leaves no result.');
  const below = plan.boxes.slice(plan.boxes.indexOf(box) + 1).map((other) => other.name);
  if (box.kind === 'gate' && !step && steps.some((other) => below.includes(other.step)))
    return say('nobody was asked: its verdict gave no reason to.');
  if (!step) return say(row.outcome ? `it did not finish: the run ended as ${row.outcome.status}.` : 'it has not finished yet.');
  if (box.kind === 'gate') return say('a person decided; no decision is reused.');
  if (step.reusedFrom)
    return say(`reused from ${step.reusedFrom}: same activity, same version, same input (key ${step.key.slice(0, 12)}).`);

  const before = await latestStep(db, { persona: row.persona, step: name, before: step.startedAt });
  if (!before) return say('it ran: no earlier run has a result of this step.');
  const changed = differences(before.input, step.input);
  const compared = { comparedWith: before.run, differences: changed };
  if (changed.length > 0) return say(`it ran: its input differs from ${before.run}.`, compared);
  if (before.version !== step.version)
    return say(`it ran: the step is version ${step.version}, in ${before.run} it was ${before.version}.`, compared);
  if (!box.reuse)
    return say(`it ran, with the same input as in ${before.run}: it looks at or changes the world, so it always runs.`, compared);
  const refreshed = plan.refresh?.some((other) => other === '*' || other === name);
  const why = refreshed ? 'it was asked to with --refresh' : 'the earlier artifacts were gone or damaged';
  return say(`it ran, with the same input as in ${before.run}: ${why}.`, compared);
}
