import { join } from 'node:path';
import { expect, test } from 'vitest';
import { activity, trainer } from '../core/activities.ts';
import type { Step } from '../core/plan.ts';
import { loadPersona } from '../platform/config.ts';
import { release } from '../workflows/pipelines/release.ts';

const plan = release(loadPersona({ configs: join(import.meta.dirname, 'configs') }, 'kill'));
const inputOf = ({ name }: { name: string }) => plan.boxes.find((box): box is Step => box.kind === 'step' && box.activity === name)!.input;

test('every rival goes from where it was found to all that measures it', () => {
  const tags = {
    champion: { $from: 'champion.tag' },
    anchor: { $from: 'champion.anchor.tag' },
    baseline: { $from: 'champion.baseline' },
  };

  expect(inputOf(activity.answerQuestions)).toMatchObject(tags);
  expect(inputOf(activity.measureLatency)).toMatchObject(tags);
  expect(inputOf(trainer.measureLikelihood)).toMatchObject({
    champion: { $from: 'champion.model' },
    anchor: { $from: 'champion.anchor.model' },
  });
  expect(inputOf(activity.compare)).toMatchObject({
    champion: { $from: 'champion.release' },
    anchor: { $from: 'champion.anchor.release' },
  });
});
