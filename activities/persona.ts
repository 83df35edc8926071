import { ApplicationFailure } from '@temporalio/common';
import { failures } from '../core/failures.ts';
import type { Cast } from '../core/persona.ts';
import { ConfigError, loadPersona } from '../platform/config.ts';
import type { Settings } from '../platform/settings.ts';

/** A persona with its suite, as its files are now. What is wrong in them no retry can cure. */
export async function readCast(settings: Pick<Settings, 'configs'>, persona: string): Promise<Cast> {
  try {
    return loadPersona(settings, persona);
  } catch (error) {
    if (error instanceof ConfigError) throw ApplicationFailure.nonRetryable(error.message, failures.personaInvalid);
    throw error;
  }
}
