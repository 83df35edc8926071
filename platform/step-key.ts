import { createHash } from 'node:crypto';
import { canonicalJson } from '../core/canonical.ts';

/** Under what a step's result is filed: the hash of the activity, its version and its resolved input. */
export const stepKey = ({ activity, version, input }: { activity: string; version: number; input: unknown }): string =>
  createHash('sha256').update(canonicalJson({ activity, version, input })).digest('hex');
