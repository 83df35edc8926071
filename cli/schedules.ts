import { type Client, type ScheduleDescription, ScheduleNotFoundError, ScheduleOverlapPolicy } from '@temporalio/client';
import { defineSearchAttributeKey, SearchAttributeType, TypedSearchAttributes } from '@temporalio/common';
import type { Cadence } from '../core/persona.ts';
import { differenceLine, differences } from './differences.ts';

/** When a cadence comes round, in UTC, so that no change of summer time skips or doubles it. */
const calendars = {
  weekly: { dayOfWeek: 'MONDAY', hour: 3, minute: 0, comment: 'Mondays, 03:00 UTC' },
  monthly: { dayOfMonth: 1, hour: 4, minute: 0, comment: 'the first of each month, 04:00 UTC' },
} as const;

/** What the persona files ask for. */
export type Wanted = { id: string; persona: string; cadence: Cadence };
/** What Temporal has. */
export type Existing = { id: string; paused: boolean; note: string; facts: Facts };
export type Change = { id: string; change: 'create' | 'update' | 'pause' | 'keep'; why: string };

/** What makes a schedule what it is. */
export type Facts = {
  days: string;
  time: string;
  jitter: number;
  timezone: string;
  overlap: string;
  catchup: number;
  pauseOnFailure: boolean;
  starts: string;
  queue: string;
  workflow: string;
  input: string;
};

export const scheduleId = (persona: string, cadence: Cadence) => `persona/${persona}/${cadence}`;

const pausedByUs = 'paused by troupe: no persona file asks for it any more';

/** What a schedule must be for a persona file's cadence. */
export const wantedFacts = ({ id, persona, cadence }: Wanted): Facts => ({
  days: cadence === 'weekly' ? 'MONDAY, 1 to 31' : 'SUNDAY to SATURDAY, 1',
  time: cadence === 'weekly' ? '3:0' : '4:0',
  jitter: 600_000,
  timezone: 'UTC',
  overlap: ScheduleOverlapPolicy.BUFFER_ONE,
  catchup: 86_400_000,
  pauseOnFailure: true,
  starts: 'releasePersona',
  queue: 'pipeline',
  workflow: id,
  input: JSON.stringify([{ persona }]),
});

/** What has to change for Temporal to be as the files say. Pure. A schedule is never deleted: nobody should wonder where it went. */
export function scheduleChanges(wanted: readonly Wanted[], existing: readonly Existing[]): Change[] {
  const there = new Map(existing.map((schedule) => [schedule.id, schedule]));
  const changes = wanted.map((asked): Change => {
    const { id, cadence } = asked;
    const found = there.get(id);
    const when: string = calendars[cadence].comment;
    if (!found) return { id, change: 'create', why: when };
    const drift = differences(found.facts, wantedFacts(asked)).map(differenceLine);
    if (drift.length > 0) return { id, change: 'update', why: drift.join('; ') };
    if (found.paused && found.note === pausedByUs) return { id, change: 'update', why: `${when}; asked for again, so it goes on` };
    return { id, change: 'keep', why: found.paused ? `${when}; paused: ${found.note || 'no reason given'}` : when };
  });
  const asked = new Set(wanted.map(({ id }) => id));
  for (const { id, paused } of existing) {
    if (asked.has(id)) continue;
    const why = 'no persona file asks for it';
    changes.push(paused ? { id, change: 'keep', why: `${why}; it is paused already` } : { id, change: 'pause', why });
  }
  return changes.sort((a, b) => a.id.localeCompare(b.id));
}

/** Our schedules, as Temporal has them. Those that are wanted are asked for by name: the list lags behind. */
export async function existingSchedules(client: Client, wanted: readonly Wanted[]): Promise<Existing[]> {
  const ids = new Set(wanted.map(({ id }) => id));
  for await (const { scheduleId: id } of client.schedule.list()) if (/^persona\/[^/]+\/(weekly|monthly)$/.test(id)) ids.add(id);
  const found: Existing[] = [];
  for (const id of ids) {
    try {
      const description = await client.schedule.getHandle(id).describe();
      const { paused, note } = description.state;
      found.push({ id, paused, note: note ?? '', facts: factsOf(description) });
    } catch (error) {
      if (!(error instanceof ScheduleNotFoundError)) throw error;
    }
  }
  return found;
}

function factsOf({ spec, policies, action }: ScheduleDescription): Facts {
  type Range = { start: unknown; end: unknown };
  const ranges = (of: readonly Range[] | undefined) =>
    (of ?? []).map(({ start, end }) => (start === end ? String(start) : `${start} to ${end}`)).join(' and ');
  const times = spec.calendars ?? [];
  return {
    days: times.map(({ dayOfWeek, dayOfMonth }) => `${ranges(dayOfWeek)}, ${ranges(dayOfMonth)}`).join(' or ') || 'none',
    time: times.map(({ hour, minute }) => `${ranges(hour)}:${ranges(minute)}`).join(' or ') || 'none',
    jitter: Number(spec.jitter ?? 0),
    timezone: spec.timezone ?? 'UTC',
    overlap: policies.overlap ?? 'SKIP',
    catchup: policies.catchupWindow,
    pauseOnFailure: policies.pauseOnFailure,
    starts: action.workflowType,
    queue: action.taskQueue,
    workflow: action.workflowId,
    input: JSON.stringify(action.args ?? []),
  };
}

/** Makes one change. Doing it twice is as good as once. */
export async function applyChange(client: Client, { id, change }: Change, wanted: Wanted | undefined): Promise<void> {
  const handle = client.schedule.getHandle(id);
  if (change === 'pause') await handle.pause(pausedByUs);
  if (!wanted || (change !== 'create' && change !== 'update')) return;
  const facts = wantedFacts(wanted);
  const kind = { key: defineSearchAttributeKey('TriggerKind', SearchAttributeType.KEYWORD), value: 'schedule' };
  const schedule = {
    spec: { calendars: [calendars[wanted.cadence]], jitter: facts.jitter, timezone: facts.timezone },
    policies: { overlap: ScheduleOverlapPolicy.BUFFER_ONE, catchupWindow: facts.catchup, pauseOnFailure: facts.pauseOnFailure },
    action: {
      type: 'startWorkflow' as const,
      workflowType: facts.starts,
      taskQueue: facts.queue,
      workflowId: facts.workflow,
      args: [{ persona: wanted.persona }],
      staticSummary: `release ${wanted.persona}, ${wanted.cadence}`,
      typedSearchAttributes: new TypedSearchAttributes([kind]),
    },
  };
  if (change === 'create') await client.schedule.create({ scheduleId: id, ...schedule });
  else await handle.update(({ state }) => ({ ...schedule, state: state.note === pausedByUs ? { paused: false } : state })); // a person's pause stays
}
