import { ApplicationFailure } from '@temporalio/common';
import type { z } from 'zod';
import type { activity } from '../core/activities.ts';
import { failures } from '../core/failures.ts';
import type { StepRequest } from '../core/run.ts';

type Catalogue = typeof activity;

/** What each activity of the catalogue must be. */
export type Implementations = {
  [K in keyof Catalogue]: (request: StepRequest<z.infer<Catalogue[K]['input']>>) => Promise<z.infer<Catalogue[K]['output']>>;
};

type Call = (request: StepRequest<unknown>) => Promise<unknown>;

/** Puts the catalogue's schemas around activities: what comes in and what goes out is what was declared, or the step fails. */
export function checked(catalogue: Catalogue, implementations: Implementations): Record<string, Call> {
  const entries = Object.entries(catalogue).map(([name, { input, output }]) => {
    const call = implementations[name as keyof Catalogue] as Call;
    return [
      name,
      async (request: StepRequest<unknown>) => {
        const given = parse(input, request.input, `${name} was given an input that its schema refuses`);
        return parse(output, await call({ ...request, input: given }), `${name} gave a result that its schema refuses`);
      },
    ] as const;
  });
  return Object.fromEntries(entries);
}

/** Names the fields that are wrong, never what was in them: it could be a person's words. */
function parse(schema: z.ZodType, value: unknown, what: string): unknown {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const places = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'the whole'} (${issue.code})`).join(', ');
  throw ApplicationFailure.nonRetryable(`${what}: ${places}`, failures.requestInvalid);
}
