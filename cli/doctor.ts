import { doctor } from '../temporal-dev/doctor.ts';
import type { Context } from './context.ts';
import { exitCodes } from './stop.ts';
import { table } from './table.ts';

const marks = { ok: '✔', warn: '!', fail: '✘' } as const;
const colours = { ok: 'green', warn: 'yellow', fail: 'red' } as const;

/** Checks this machine and every server, changes nothing, and says what to do. */
export async function command({ terminal }: Context): Promise<number> {
  const findings = await doctor();
  const failed = findings.some(({ state }) => state === 'fail');
  if (terminal.json) terminal.out(JSON.stringify({ ok: !failed, findings }));
  else {
    const lines = table(findings.map(({ name, state, found }) => [marks[state], name, found]));
    for (const [i, { state, advice }] of findings.entries()) {
      terminal.out(terminal.style(colours[state], lines[i]!));
      if (advice) terminal.out(`    ${advice}`);
    }
  }
  return failed ? exitCodes.failed : exitCodes.ok;
}
