/** An error without its stack, with the causes that add something, on one line each. */
export function plainFailure(error: unknown): string {
  const lines: string[] = [];
  for (let cause: unknown = error; cause instanceof Error && lines.length < 4; cause = cause.cause) {
    const text = cause instanceof AggregateError && cause.message === '' ? String(cause.errors[0]) : cause.message;
    if (text && !lines.some((line) => line.includes(text))) lines.push(text);
  }
  return lines.length > 0 ? lines.join('\n  because ') : String(error);
}
