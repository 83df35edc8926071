/** What the exit code of every command means. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  held: 3,
  inconclusive: 4,
  waiting: 5,
  interrupted: 130,
} as const;

/** Ends a command with a message that says what to do next. */
export class Stop extends Error {
  readonly code: number;

  constructor(message: string, code: number = exitCodes.failed) {
    super(message);
    this.name = 'Stop';
    this.code = code;
  }
}

/** A command line or a configuration that cannot be used. */
export const usage = (message: string): Stop => new Stop(message, exitCodes.usage);
