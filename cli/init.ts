import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { loadPersona } from '../platform/config.ts';
import { shownPath } from '../platform/config-error.ts';
import { ask } from './ask.ts';
import type { Context } from './context.ts';
import { personaFile, suiteFile } from './persona-template.ts';
import { exitCodes, Stop, usage } from './stop.ts';

type InitOptions = { subject?: string; partner?: string; force?: boolean };

/** Writes a persona and its suite that run as they are, once the demo world is filled, on the tiny base model. Asks only on a terminal. */
export async function command({ terminal, settings }: Context, named: string | undefined, options: InitOptions): Promise<number> {
  const name = named ?? (terminal.asks ? await ask('What is the persona called? (lower-case letters, digits, dashes) ') : undefined);
  if (!name) throw usage('What is the persona called? ./troupe init <name>');
  if (!/^[a-z][a-z0-9-]{0,62}$/.test(name))
    throw usage(`A persona's name is lower-case letters, digits and dashes, beginning with a letter; \`${name}\` is not.`);
  const subject =
    options.subject ??
    (terminal.asks ? await ask('Who does it speak as: the speaker of their rows? [Angela, of the demo world] ') : '') ??
    '';

  const files = {
    [join(settings.configs, 'personas', `${name}.yaml`)]: personaFile({
      name,
      subject: subject || 'Angela',
      partner: options.partner ?? (subject ? undefined : 'David'),
    }),
    [join(settings.configs, 'suites', `${name}.yaml`)]: suiteFile(),
  };
  for (const file of Object.keys(files)) {
    if (existsSync(file) && !options.force)
      throw new Stop(`${shownPath(file)} is there already, and was left as it is. To write over it: --force`, exitCodes.usage);
  }
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  loadPersona(settings, name); // what is written must be valid
  if (terminal.json) terminal.out(JSON.stringify({ persona: name, files: Object.keys(files) }));
  else {
    for (const file of Object.keys(files)) terminal.out(`Wrote ${shownPath(file)}`);
    terminal.out(`Next: put your own source there, then ./troupe validate ${name}, ./troupe up and ./troupe run ${name}`);
    terminal.out('To try it as it is, with the stack up, fill the demo database and make the tiny base model:');
    terminal.out('  node scripts/make-world.ts');
    terminal.out(`  ${join(settings.cache, 'tools/bin/trainer-python')} trainer-py/tiny_base.py --if-missing`);
  }
  return exitCodes.ok;
}
