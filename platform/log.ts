import { type Logger, pino } from 'pino';

/** Fields that hold, or could hold, what somebody said. Their values never reach a log, however deep they are. */
const wordy = new Set([
  'text',
  'content',
  'prompt',
  'prompts',
  'message',
  'messages',
  'reply',
  'answer',
  'answers',
  'reference',
  'conversation',
  'words',
  'instruction',
  'comment',
  'rendered',
  'detail',
  'where',
  'parameters',
  'query',
  'password',
  'token',
  'authorization',
]);

const redacted = '[not logged]';

/** A copy without anybody's words. Errors are left to `errorFields`. */
export function withoutWords(value: unknown, depth = 0): unknown {
  if (value instanceof Error) return errorFields(value);
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  if (depth > 6) return redacted;
  if (Array.isArray(value)) return value.slice(0, 50).map((item) => withoutWords(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([key, field]) => {
      const hide = wordy.has(key) && (typeof field === 'string' || (typeof field === 'object' && field !== null));
      return [key, hide ? redacted : withoutWords(field, depth + 1)];
    }),
  );
}

/** Of an error only what is known to be free of row text: PostgreSQL puts whole rows into `detail` and `where`. */
export function errorFields(error: Error): Record<string, unknown> {
  const { code, type } = error as { code?: unknown; type?: unknown };
  return {
    name: error.name,
    message: error.message,
    ...(typeof code === 'string' ? { code } : {}),
    ...(typeof type === 'string' ? { type } : {}),
    stack: error.stack,
    ...(error.cause instanceof Error ? { cause: errorFields(error.cause) } : {}),
  };
}

/** One JSON object per line on standard error; `TROUPE_LOG` sets the level. */
export function createLogger(name: string, env: NodeJS.ProcessEnv = process.env): Logger {
  return pino(
    {
      name,
      level: env.TROUPE_LOG || 'info',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: (fields) => withoutWords(fields) as Record<string, unknown> },
    },
    pino.destination({ dest: 2, sync: true }), // a process that dies has said its last words
  );
}
