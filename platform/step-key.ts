import { canonicalJson } from '../core/canonical.ts';
import { sha256 } from './artifacts/digest.ts';

type Work = { activity: string; version: number; input: unknown };

/** Under what a step's result is filed: the hash of the activity, its version and its resolved input. */
export const stepKey = ({ activity, version, input }: Work): string => sha256(canonicalJson({ activity, version, input }));

/** Under what a step that a run asked for anew keeps its work: it must not go on with what another run has begun. */
export const refreshedKey = ({ refreshedBy, input, ...step }: Work & { refreshedBy: string }): string =>
  stepKey({ ...step, input: { refreshedBy, input } });
