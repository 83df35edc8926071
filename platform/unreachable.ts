const codes = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'EHOSTDOWN', 'ENETUNREACH', 'ENETDOWN', '57P03'];

/**
 * Whether an error, or what caused it, is a server that nobody answers at: it is down, starts (`57P03` of PostgreSQL), or the
 * way to it is. A connection that breaks midway is none of these; the next attempt tells what it was.
 */
export function isUnreachable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, syscall, errors } = error as NodeJS.ErrnoException & { errors?: unknown };
  const notConnected = syscall === 'connect' && (code === 'ETIMEDOUT' || code === 'ENOENT'); // ENOENT: a socket file
  const each = Array.isArray(errors) ? errors : [];
  return notConnected || codes.includes(code ?? '') || each.some(isUnreachable) || isUnreachable(error.cause);
}
