import { failures } from './failures.ts';

const nonRetryableErrorTypes = Object.values(failures);

/**
 * How patiently each kind of step is carried out, by name, so that a plan says `training` and not twelve numbers.
 * `startToClose` is for one attempt, `scheduleToClose` for all of them; a step that can be silent for longer than a
 * minute heartbeats, which is also how it learns that the run was cancelled.
 */
export const profiles = {
  /** Reads and writes of a second or a few. */
  quick: {
    startToCloseTimeout: '1 minute',
    scheduleToCloseTimeout: '1 hour',
    retry: {
      initialInterval: '200 milliseconds',
      backoffCoefficient: 2,
      maximumInterval: '15 seconds',
      maximumAttempts: 100,
      nonRetryableErrorTypes,
    },
  },
  /** Streams through a whole source, dataset or model folder. */
  io: {
    startToCloseTimeout: '2 hours',
    scheduleToCloseTimeout: '1 day',
    heartbeatTimeout: '15 seconds',
    retry: {
      initialInterval: '500 milliseconds',
      backoffCoefficient: 2,
      maximumInterval: '30 seconds',
      maximumAttempts: 50,
      nonRetryableErrorTypes,
    },
  },
  /** Asks a model many questions. */
  evaluation: {
    startToCloseTimeout: '6 hours',
    scheduleToCloseTimeout: '2 days',
    heartbeatTimeout: '15 seconds',
    retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '1 minute', maximumAttempts: 50, nonRetryableErrorTypes },
  },
  /** Uses the trainer's device for seconds to minutes. May wait long for its turn: the queue is the GPU's. */
  trainer: {
    startToCloseTimeout: '6 hours',
    scheduleToCloseTimeout: '7 days',
    heartbeatTimeout: '15 seconds',
    retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '1 minute', maximumAttempts: 50, nonRetryableErrorTypes },
  },
  /** Trains, for hours or days, resuming from its checkpoints after each interruption. */
  training: {
    startToCloseTimeout: '7 days',
    scheduleToCloseTimeout: '30 days',
    heartbeatTimeout: '15 seconds',
    retry: {
      initialInterval: '1 second',
      backoffCoefficient: 2,
      maximumInterval: '1 minute',
      maximumAttempts: 200,
      nonRetryableErrorTypes,
    },
  },
} as const;

export type Profile = keyof typeof profiles;
