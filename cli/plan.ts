import { elapsed } from '../core/elapsed.ts';
import { loadPersona } from '../platform/config.ts';
import { findReusableStep, latestStep } from '../platform/db/steps.ts';
import { openBooks, refuseOtherFiles } from './connect.ts';
import type { Context } from './context.ts';
import { differenceLine } from './differences.ts';
import { personaOr } from './find-run.ts';
import { type Books, type Forecast, forecast } from './forecast.ts';
import { planFor, type StepOptions } from './plan-for.ts';
import { exitCodes } from './stop.ts';
import { table } from './table.ts';
import type { Terminal } from './terminal.ts';

/** Shows what a run would do, what it would reuse, and why. Nothing is started. */
export async function command({ terminal, settings }: Context, named: string | undefined, options: StepOptions): Promise<number> {
  const planned = (name: string) => {
    const persona = loadPersona(settings, name);
    return { persona, plan: planFor(persona, options) };
  };
  refuseOtherFiles(settings);
  const known = named === undefined ? undefined : planned(named); // mistakes first: they need no server
  await using db = await openBooks(settings);
  const { persona, plan } = known ?? planned(await personaOr(undefined, settings, db));

  const books: Books = {
    byKey: (key) => findReusableStep(db, { key }),
    latest: async (step) => {
      const row = await latestStep(db, { persona: persona.name, step });
      return (
        row && {
          run: row.run,
          input: row.input,
          output: row.output,
          version: row.version,
          seconds: (row.endedAt.getTime() - row.startedAt.getTime()) / 1000,
        }
      );
    },
  };
  const forecasts = await forecast(plan, books, options.refresh);
  if (terminal.json) {
    terminal.out(JSON.stringify({ persona: persona.name, pipeline: plan.pipeline, boxes: forecasts }));
    return exitCodes.ok;
  }
  for (const line of forecastLines(forecasts, terminal)) terminal.out(line);
  return exitCodes.ok;
}

/** The forecast as a table, each change on a line of its own. */
export function forecastLines(forecasts: readonly Forecast[], { style }: Pick<Terminal, 'style'>): string[] {
  const lines = table(forecasts.map((box) => [box.name, mark(box), reason(box)]));
  return forecasts.flatMap((box, i) => {
    const shown =
      box.will === 'reuse' ? style('green', lines[i]!) : box.will === 'run' ? style('yellow', lines[i]!) : style('dim', lines[i]!);
    const changes = box.will === 'run' ? box.differences : [];
    const more = changes.length > 8 ? [`    and ${changes.length - 8} more`] : [];
    return [shown, ...changes.slice(0, 8).map((difference) => `    ${differenceLine(difference)}`), ...more];
  });
}

const mark = (box: Forecast): string => ({ reuse: 'reused', run: 'runs', depend: 'depends', ask: 'asks', compare: 'compares' })[box.will];

function reason(box: Forecast): string {
  const before = 'seconds' in box && box.seconds !== undefined ? `, ${elapsed(box.seconds)} last time` : '';
  switch (box.will) {
    case 'reuse':
      return box.assuming.length === 0
        ? `from ${box.from}`
        : `from ${box.from}, if ${listed(box.assuming)} ${box.assuming.length === 1 ? 'gives what it' : 'give what they'} gave last time`;
    case 'depend':
      return `on what ${listed(box.on)} will give${before}`;
    case 'ask':
      return box.onlyWhenFailing ? 'a person, where the verdict is fail' : 'a person, unless the verdict is fail';
    case 'compare':
      return 'and ends the run as unchanged where nothing is new';
    case 'run':
      if (box.why === 'always') return `always${before}`;
      if (box.why === 'refreshed') return `as asked with --refresh${before}`;
      if (box.why === 'never ran') return 'for the first time';
      if (box.why === 'version') return `the step itself is another version than in ${box.since}${before}`;
      if (box.why === 'result is gone') return `the result of ${box.since} is there no more${before}`;
      return `its input is another than in ${box.since}${before}:`;
  }
}

/** `a`, `a and b`, `a, b and c`. */
const listed = (names: string[]): string => (names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`);
