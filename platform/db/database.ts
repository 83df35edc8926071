import { CamelCasePlugin, type ColumnType, type Generated, type JSONColumnType, Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import type { ArtifactRef } from '../../core/artifact.ts';
import type { Model, Serving } from '../../core/model.ts';
import type { BatchFigures } from '../../core/quality/figures.ts';
import type { QualityCheck } from '../../core/quality.ts';
import type { Outcome } from '../../core/run.ts';
import { isUnreachable } from '../unreachable.ts';

/** Written as JSON text, read as what it was. */
type Json<T extends object | null> = JSONColumnType<T, string, string>;
type Filled = Generated<Date>;

type Runs = {
  id: string;
  persona: string;
  pipeline: string;
  plan: Json<object>;
  trigger: string;
  /** The id by which Temporal knows it, and which of that workflow's runs it was. */
  workflow: string;
  workflowRun: string;
  startedAt: Filled;
  endedAt: Date | null;
  outcome: ColumnType<Outcome | null, string | null, string | null>;
};

type Steps = {
  run: string;
  step: string;
  activity: string;
  version: number;
  key: string;
  input: Json<object>;
  output: Json<object>;
  reusedFrom: string | null;
  startedAt: Date;
  endedAt: Date;
};

type Releases = {
  id: string;
  persona: string;
  number: number;
  /** Digest of the candidate it was. */
  candidate: string;
  /** What people run. */
  tag: string;
  /** Where this very release stays, whatever `tag` says later. */
  keptTag: string;
  ollamaDigest: string;
  model: ColumnType<Model | null, string | null, string | null>;
  serving: Json<Serving>;
  previous: string | null;
  record: Json<ArtifactRef>;
  run: string;
  releasedAt: Filled;
  releasedBy: string;
  evidence: string;
};

export type AliasName = 'champion' | 'challenger' | 'anchor';

type Aliases = { persona: string; alias: AliasName; release: string; movedAt: Filled };

export type MoveReason = 'release' | 'rollback' | 'put-back' | 'set';

type Moves = {
  id: Generated<number>;
  persona: string;
  alias: AliasName;
  fromRelease: string | null;
  toRelease: string | null;
  reason: MoveReason;
  by: string;
  at: Filled;
};

type Decisions = {
  run: string;
  gate: string;
  verdict: 'approve' | 'reject';
  by: string;
  claimed: boolean;
  evidence: string;
  comment: string | null;
  via: string;
  at: Date;
};

type Deployments = {
  tag: string;
  name: string;
  digest: string;
  ollamaDigest: string;
  deployedAt: Filled;
};

type Adoptions = {
  persona: string;
  /** What it was called before, and is still, until a release takes that name. */
  name: string;
  keptTag: string;
  digest: string;
  by: string;
  adoptedAt: Filled;
  putBackAt: Date | null;
};

/** What a run found of its words. `digest` is the evidence that a person decides on. */
type Qualities = { run: string; persona: string; digest: string; verdict: string; checks: Json<QualityCheck[]>; at: Filled };

type Batches = {
  run: string;
  source: string;
  day: string;
  rows: number;
  contents: string;
  figures: Json<BatchFigures>;
  failing: Json<string[]>;
  leftOut: boolean;
};

type Scores = { key: string; score: number | null; reason: string; at: Filled };

/** Where a text stands for an embedder: nothing anybody said, but made of it, and kept only while a source still says it. */
type Vectors = { persona: string; model: string; text: Buffer; vector: Buffer; cut: boolean };

/** Troupe's own tables. Ids, digests, numbers and decisions: what people said is never in here. */
export type Database = {
  runs: Runs;
  steps: Steps;
  releases: Releases;
  aliases: Aliases;
  moves: Moves;
  decisions: Decisions;
  deployments: Deployments;
  adoptions: Adoptions;
  qualities: Qualities;
  batches: Batches;
  scores: Scores;
  vectors: Vectors;
};

/** JSON for a `jsonb` column. A number that JSON would silently turn into null is an error here. */
export const toJson = (value: unknown): string =>
  JSON.stringify(value, (key, field) => {
    if (typeof field === 'number' && !Number.isFinite(field)) throw new TypeError(`${key} is ${field}, which JSON cannot hold.`);
    return field;
  });

/** Opens a pool of connections. `onError` hears of connections that broke. */
export function openDatabase(url: string, { onError, max = 10 }: { onError: (error: Error) => void; max?: number }): Kysely<Database> {
  const pool = new pg.Pool({ connectionString: url, max, connectionTimeoutMillis: 10_000, keepAlive: true, application_name: 'troupe' });
  // Without both listeners a restart of PostgreSQL would end the process: of idle connections the pool hears, of used ones nobody does.
  pool.on('error', onError);
  pool.on('connect', (client) => client.on('error', onError));
  return new Kysely<Database>({
    dialect: new PostgresDialect({
      pool: {
        options: pool.options,
        connect: () => pool.connect().catch((error: unknown) => notReached(url, error)),
        end: () => pool.end(),
      },
    }),
    plugins: [new CamelCasePlugin({ maintainNestedObjectKeys: true })],
  });
}

/** Names the server where nobody answers: the driver's error has its address at best. */
function notReached(url: string, error: unknown): never {
  const late = error instanceof Error && /connection timeout/.test(error.message);
  if (!late && !isUnreachable(error)) throw error;
  const code = late ? 'ETIMEDOUT' : (error as NodeJS.ErrnoException).code;
  const { host, port } = new pg.Client(url); // as the driver reads it
  const message = `PostgreSQL at ${host}:${port} did not answer (${code}). Is it running? \`./troupe doctor\` looks.`;
  throw Object.assign(new Error(message, { cause: error }), { code, syscall: 'connect' });
}
