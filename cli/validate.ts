import { ConfigError, listPersonas, listSuites, loadPersona, loadSuite, type Problem, problemText } from '../platform/config.ts';
import type { Context } from './context.ts';
import { count } from './count.ts';
import { personaWarnings } from './persona-warnings.ts';
import { exitCodes, usage } from './stop.ts';

/** Checks the named personas with their suites, or everything in `configs/`. */
export async function command({ terminal, settings }: Context, names: string[], options: { print?: boolean }): Promise<number> {
  const wanted = names.length > 0 ? names : listPersonas(settings);
  if (wanted.length === 0) throw usage(`There is no persona in ${settings.configs}. Write one: ./troupe init`);

  const valid: Record<string, unknown> = {};
  const problems = new Map<string, Problem>();
  const check = (name: string, load: () => unknown) => {
    try {
      valid[name] = load();
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      for (const problem of error.problems)
        problems.set(`${problem.file}:${problem.line}:${problem.column}:${problem.path}:${problem.message}`, problem);
    }
  };
  for (const name of wanted) check(name, () => loadPersona(settings, name));
  const personas = { ...valid };
  if (names.length === 0) for (const suite of listSuites(settings)) check(`suite ${suite}`, () => loadSuite(settings, suite)); // also those no persona uses

  const found = [...problems.values()];
  const warnings = Object.keys(personas).flatMap((name) => personaWarnings(settings, name));
  if (terminal.json) {
    const ok = found.length === 0;
    terminal.out(JSON.stringify({ ok, personas: options.print ? personas : Object.keys(personas), problems: found, warnings }));
    return ok ? exitCodes.ok : exitCodes.usage;
  }
  if (options.print) {
    const { stringify } = await import('yaml');
    for (const persona of Object.values(personas)) terminal.out(stringify(persona, { lineWidth: 0 }).trimEnd());
  } else {
    for (const name of Object.keys(personas)) terminal.out(`${terminal.style('green', '✔')} ${name}`);
  }
  for (const warning of warnings) terminal.err(`${terminal.style('yellow', '!')} ${problemText({ ...warning, frame: '' })}`);
  if (found.length === 0) return exitCodes.ok;
  terminal.err(found.map(problemText).join('\n\n'));
  terminal.err(`\n${count(found.length, 'problem')} in ${count(new Set(found.map(({ file }) => file)).size, 'file')}.`);
  return exitCodes.usage;
}
