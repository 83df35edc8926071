import { adopt, putBack } from '../activities/releases.ts';
import { loadPersona } from '../platform/config.ts';
import { openWorld } from './ask.ts';
import type { Context } from './context.ts';
import { exitCodes, usage } from './stop.ts';

/** Takes in a model that was in Ollama before Troupe, or gives it its name back. */
export async function command(
  context: Context,
  persona: string,
  named: string | undefined,
  options: { by?: string; putBack?: boolean },
): Promise<number> {
  const { terminal, settings } = context;
  const { serving } = loadPersona(settings, persona);
  const name = named ?? serving.baseline;
  if (!name) throw usage(`Which model? ${persona} names no \`serving.baseline\`: ./troupe adopt ${persona} <model>`);
  if (!options.by) throw usage('Who says so? Give --by <name>: it is recorded.');
  await using platform = await openWorld(context);
  const adoption = options.putBack
    ? await putBack(platform, { persona, name, by: options.by })
    : await adopt(platform, { persona, name, serving, by: options.by });
  if (terminal.json) terminal.out(JSON.stringify(adoption));
  else if (options.putBack) terminal.out(`${adoption.name} is again the model it was before Troupe.`);
  else terminal.out(`Adopted ${adoption.name}: kept as ${adoption.keptTag}, and every candidate of ${persona} is compared with it.`);
  return exitCodes.ok;
}
