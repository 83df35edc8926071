import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { trainer } from '../core/activities.ts';
import { ArtifactRef } from '../core/artifact.ts';
import { DatasetRow } from '../core/dataset.ts';
import { Likelihood } from '../core/evaluation.ts';
import { Model, Parity, Sample } from '../core/model.ts';
import { Adapter, Base } from '../core/training.ts';
import { readSettings, root } from '../platform/settings.ts';
import { contract } from '../scripts/generate-contract.ts';

type Fixture = { name: string; type: string; valid: boolean; value: unknown };
type Answer = { accepted: boolean; value?: unknown };

const fixtures: Fixture[] = JSON.parse(readFileSync(join(import.meta.dirname, 'contract', 'fixtures.json'), 'utf8'));
const schemas: Record<string, z.ZodType> = { Adapter, ArtifactRef, Base, DatasetRow, Likelihood, Model, Parity, Sample };

/** What the Pydantic models say to each fixture, and what they write when they accept it. */
function askPython(arguments_: string[] = []): Answer[] {
  const python = process.env.TROUPE_PYTHON || join(readSettings().cache, 'tools', 'bin', 'trainer-python');
  const script = join(root, 'trainer-py', 'tests', 'contract_answers.py');
  return JSON.parse(execFileSync(python, [script, ...arguments_], { input: JSON.stringify(fixtures), encoding: 'utf8' }));
}

describe('the contract between the workflows and the trainer', () => {
  test('contract.py is what the schemas say', () => {
    expect(readFileSync(join(root, 'trainer-py', 'contract.py'), 'utf8')).toBe(contract());
  });

  const answers = askPython();

  test.each(fixtures.map((fixture, index) => ({ ...fixture, index })))(
    'zod and Pydantic agree on $name',
    ({ type, valid, value, index }) => {
      const answer = answers[index];

      expect(schemas[type]?.safeParse(value).success).toBe(valid);
      expect(answer?.accepted).toBe(valid);
      if (valid) expect(schemas[type]?.parse(answer?.value)).toEqual(value);
    },
  );

  test('a loss that is not a number leaves Python as null, and zod accepts it', () => {
    const [nan, infinite] = askPython(['--not-finite']).map((answer) => Adapter.shape.stages.element.parse(answer.value));

    expect(nan).toMatchObject({ loss: null, validationLoss: null });
    expect(infinite).toMatchObject({ loss: null, validationLoss: null });
  });

  test('every activity of the trainer is known to Python by the same name', () => {
    const text = contract();

    for (const { name } of Object.values(trainer)) expect(text).toContain(`= "${name}"`);
  });
});
