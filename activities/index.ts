import { activity } from '../core/activities.ts';
import type { Platform } from '../platform/platform.ts';
import { bookkeeping } from './bookkeeping.ts';
import { championActivities } from './champion.ts';
import { checked } from './checked.ts';
import { compareActivities } from './compare.ts';
import { datasetActivities } from './dataset.ts';
import { deployActivities } from './deploy.ts';
import { embeddingActivities } from './embeddings.ts';
import { evaluationActivities } from './evaluation.ts';
import { tellingOutages } from './outages.ts';
import { publishActivities } from './publish.ts';
import { qualityActivities } from './quality.ts';
import { rewriteActivities } from './rewrite.ts';
import { snapshotActivities } from './snapshot.ts';

/** Every activity of the TypeScript worker, ready to be registered. */
export const allActivities = (platform: Platform) =>
  tellingOutages({
    ...bookkeeping(platform),
    ...checked(activity, {
      ...snapshotActivities(platform),
      ...qualityActivities(platform),
      ...championActivities(platform),
      ...embeddingActivities(platform),
      ...rewriteActivities(platform),
      ...datasetActivities(platform),
      ...deployActivities(platform),
      ...evaluationActivities(platform),
      ...compareActivities(platform),
      ...publishActivities(platform),
    }),
  });
