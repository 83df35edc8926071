declare module 'pg-cursor' {
  import type { Submittable } from 'pg';

  /** Reads the rows of a query a batch at a time: the server keeps the rest. */
  export default class Cursor<Row> implements Submittable {
    constructor(text: string, values?: unknown[]);
    submit(connection: Parameters<Submittable['submit']>[0]): void;
    read(rows: number): Promise<Row[]>;
    close(): Promise<void>;
  }
}
