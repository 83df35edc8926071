/** A source that cannot be read as its persona file says. Its message never holds a row's text. */
export class SourceProblem extends Error {
  override name = 'SourceProblem';
  /** Whether trying again may help, as with a server that is down. */
  readonly passing: boolean;

  constructor(message: string, options: { passing?: boolean } = {}) {
    super(message);
    this.passing = options.passing ?? false;
  }
}
