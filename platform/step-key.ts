import { canonicalJson } from '../core/canonical.ts';
import { sha256 } from './artifacts/digest.ts';

/** Under what a step's result is filed: the hash of the activity, its version and its resolved input. */
export const stepKey = ({ activity, version, input }: { activity: string; version: number; input: unknown }): string =>
  sha256(canonicalJson({ activity, version, input }));
