import { consentOf, type Licence } from '../core/source-kinds/every-source.ts';
import { SourceProblem } from './source-problem.ts';

type Agreed = { name: string; consent?: string | undefined; licence?: Licence | undefined };

/** The consent of a row: its own, or its source's. A row without one stops everything: words are used only under a consent. */
export function consentFor(source: Agreed, place: string, own?: string | null): string {
  const consent = own ?? consentOf(source);
  if (consent === undefined || consent.trim() === '')
    throw new SourceProblem(`${place} has no consent. Give \`consent\` or \`licence\` to source ${source.name}, or take the row out.`);
  return consent;
}
