/** One thing that happened in a run. */
export type LogLine = { at: string; step: string; attempt?: number; text: string };

type Time = { seconds?: unknown; nanos?: number | null } | null | undefined;
type Failure = { message?: string | null; cause?: Failure | null } | null | undefined;
type Event = {
  eventId?: unknown;
  eventTime?: Time;
  activityTaskScheduledEventAttributes?: {
    activityId?: string | null;
    activityType?: { name?: string | null } | null;
    taskQueue?: { name?: string | null } | null;
  } | null;
  activityTaskStartedEventAttributes?: {
    scheduledEventId?: unknown;
    attempt?: number | null;
    identity?: string | null;
    lastFailure?: Failure;
  } | null;
  activityTaskCompletedEventAttributes?: { scheduledEventId?: unknown } | null;
  activityTaskFailedEventAttributes?: { scheduledEventId?: unknown; failure?: Failure } | null;
  activityTaskTimedOutEventAttributes?: { scheduledEventId?: unknown; failure?: Failure } | null;
  activityTaskCanceledEventAttributes?: { scheduledEventId?: unknown } | null;
  workflowExecutionStartedEventAttributes?: object | null;
  workflowExecutionSignaledEventAttributes?: { signalName?: string | null } | null;
  workflowExecutionUpdateAcceptedEventAttributes?: object | null;
  workflowExecutionCancelRequestedEventAttributes?: object | null;
  workflowExecutionCompletedEventAttributes?: object | null;
  workflowExecutionFailedEventAttributes?: { failure?: Failure } | null;
  workflowExecutionCanceledEventAttributes?: object | null;
};
type Pending = {
  activityId?: string | null;
  attempt?: number | null;
  lastFailure?: Failure;
  lastHeartbeatTime?: Time;
  scheduledTime?: Time;
};

/** A run's history in words: steps by their names, with their attempts and why those failed. Pure. */
export function historyLines(events: readonly Event[], pending: readonly Pending[]): LogLine[] {
  const steps = new Map<string, string>();
  const stepOf = (id: unknown) => steps.get(String(id)) ?? 'run';
  const lines: LogLine[] = [];
  for (const event of events) {
    const at = iso(event.eventTime);
    const say = (step: string, text: string, attempt?: number | null) => lines.push({ at, step, text, ...(attempt && { attempt }) });
    if (event.workflowExecutionStartedEventAttributes) say('run', 'started');
    const scheduled = event.activityTaskScheduledEventAttributes;
    if (scheduled) {
      const step = /^\d+$/.test(scheduled.activityId ?? '') ? 'plan' : (scheduled.activityId ?? '');
      steps.set(String(event.eventId), step);
      say(step, `waits for a worker on ${scheduled.taskQueue?.name ?? 'its queue'}`);
    }
    const started = event.activityTaskStartedEventAttributes;
    if (started)
      say(
        stepOf(started.scheduledEventId),
        `runs at ${started.identity ?? 'a worker'}${(started.attempt ?? 1) > 1 ? `, after: ${reason(started.lastFailure)}` : ''}`,
        started.attempt,
      );
    if (event.activityTaskCompletedEventAttributes) say(stepOf(event.activityTaskCompletedEventAttributes.scheduledEventId), 'done');
    const failed = event.activityTaskFailedEventAttributes ?? event.activityTaskTimedOutEventAttributes;
    if (failed) say(stepOf(failed.scheduledEventId), `failed: ${reason(failed.failure)}`);
    if (event.activityTaskCanceledEventAttributes) say(stepOf(event.activityTaskCanceledEventAttributes.scheduledEventId), 'cancelled');
    if (event.workflowExecutionSignaledEventAttributes) say('run', `signal ${event.workflowExecutionSignaledEventAttributes.signalName}`);
    if (event.workflowExecutionUpdateAcceptedEventAttributes) say('run', 'a decision came in');
    if (event.workflowExecutionCancelRequestedEventAttributes) say('run', 'asked to stop');
    if (event.workflowExecutionCompletedEventAttributes) say('run', 'ended');
    if (event.workflowExecutionFailedEventAttributes) say('run', `failed: ${reason(event.workflowExecutionFailedEventAttributes.failure)}`);
    if (event.workflowExecutionCanceledEventAttributes) say('run', 'cancelled');
  }
  for (const { activityId, attempt, lastFailure, lastHeartbeatTime, scheduledTime } of pending) {
    const failure = lastFailure ? `, after: ${reason(lastFailure)}` : '';
    const beat = lastHeartbeatTime ? `, last heard of ${iso(lastHeartbeatTime).slice(11, 19)}` : '';
    lines.push({
      at: iso(lastHeartbeatTime ?? scheduledTime),
      step: activityId ?? '',
      ...(attempt && { attempt }),
      text: `under way${beat}${failure}`,
    });
  }
  return lines;
}

const iso = (time: Time): string => new Date(Number(time?.seconds ?? 0) * 1000 + (time?.nanos ?? 0) / 1e6).toISOString();

function reason(failure: Failure): string {
  let inner = failure;
  while (inner?.cause) inner = inner.cause;
  return (inner?.message || failure?.message || 'no reason was given').split('\n')[0]!;
}
