import pg from 'pg';
import { afterAll } from 'vitest';
import { query } from '../../temporal-dev/services.ts';
import { servers } from './servers.ts';

const made: string[] = [];

/** The URL of a new, empty database (or a copy of `template`), dropped when the test file ends. */
export async function freshDatabase(template = 'template0'): Promise<string> {
  const name = `test_${process.pid}_${Date.now().toString(36)}_${made.length}`;
  made.push(name);
  await query(servers().postgres, `create database ${name} template ${pg.escapeIdentifier(template)}`);
  return databaseUrl(name);
}

/** The URL of another database on the test server. */
export function databaseUrl(name: string): string {
  const url = new URL(servers().postgres);
  url.pathname = `/${name}`;
  return url.href;
}

afterAll(async () => {
  for (const name of made) await query(servers().postgres, `drop database if exists ${name} with (force)`);
});
