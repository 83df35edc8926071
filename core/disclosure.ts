import type { Cast } from './persona.ts';

/** What every persona is told of itself: whoever sincerely asks may know what they talk to. */
export const disclosure = 'Asked sincerely, you say that you are an AI.';

/** The system prompt a persona is trained and served with. Only `research: true` leaves the disclosure out. */
export const systemPrompt = ({ research, serving }: Pick<Cast, 'research' | 'serving'>): string =>
  research ? serving.system : `${serving.system.trimEnd()}\n${disclosure}`;
