import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Persona } from '../core/persona.ts';
import type { Problem } from '../platform/config.ts';
import type { Settings } from '../platform/settings.ts';
import { readYaml } from '../platform/yaml-file.ts';
import { wholePath } from '../sources/files/find.ts';

/** The stack names it to its workers by itself. */
const ofTheStack = 'env:TROUPE_DEMO_DATABASE_URL';

/**
 * What a valid persona file names and this machine does not have. The worker may be on another, so it is no mistake; nothing is
 * opened, and nobody is asked.
 */
export function personaWarnings(settings: Pick<Settings, 'configs' | 'cache'>, name: string): Problem[] {
  const file = join(settings.configs, 'personas', `${name}.yaml`);
  const { value: persona, problemAt } = readYaml(file, Persona);
  const warnings: Problem[] = [];
  const warn = (path: (string | number)[], message: string) => warnings.push(problemAt(path, message));
  if (existsSync(file.replace(/yaml$/, 'yml'))) warn([], `${name}.yml beside this file is not read: the file of a persona ends in .yaml`);
  if (!persona) return warnings;

  const { folder } = persona.base;
  const variable = folder && /\$(?!TROUPE_CACHE\b)\w+/.exec(folder)?.[0];
  if (variable) warn(['base', 'folder'], `\`${variable}\` is not understood here: only \`~\` and \`$TROUPE_CACHE\` are`);
  else if (folder && !existsSync(wholePath(folder.replace('$TROUPE_CACHE', settings.cache))))
    warn(['base', 'folder'], 'there is no such folder on this machine');

  for (const [i, source] of persona.sources.entries()) {
    const [key, path] = 'path' in source ? ['path', source.path] : 'folder' in source ? ['folder', source.folder] : [];
    if (key && path && !source.optional && !existsSync(wholePath(path)))
      warn(
        ['sources', i, key],
        `there is nothing at \`${path}\` on this machine${path.includes('$') ? ': no variable is understood here, only `~`' : ''}`,
      );
    if (source.kind === 'postgres' && !source.optional && source.url !== ofTheStack && !process.env[source.url.slice('env:'.length)])
      warn(['sources', i, 'url'], 'this variable is not set here: the worker needs it');
    const perRow = source.kind === 'conversations' || (source.kind === 'journal' && !source.columns.consent);
    if (perRow && source.consent === undefined && source.licence === undefined)
      warn(['sources', i, 'name'], 'neither `consent` nor `licence`: a row that names none of its own stops the run');
  }
  return warnings;
}
