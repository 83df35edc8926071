/** A source that cannot be read as its persona file says. Its message never holds a row's text. */
export class SourceProblem extends Error {
  override name = 'SourceProblem';
  /** Whether trying again may help, as with a server that is down. */
  readonly passing: boolean;
  /** Whether nothing is there to be read: an optional source is then left out. */
  readonly absent: boolean;
  /** Whether what was read before is there no longer as it was, so that a cursor leads nowhere. */
  readonly changed: boolean;

  constructor(message: string, options: { passing?: boolean; absent?: boolean; changed?: boolean; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.passing = options.passing ?? false;
    this.absent = options.absent ?? false;
    this.changed = options.changed ?? false;
  }
}
