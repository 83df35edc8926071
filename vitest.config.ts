import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { readSettings } from './platform/settings.ts';
import LongestFirst from './test/support/longest-first.ts';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: 'test/global-setup.ts',
    pool: 'forks',
    maxWorkers: 2, // the tests that kill processes mostly wait
    sequence: { sequencer: LongestFirst },
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Where nobody watches, a test of real servers that met a bad moment is tried once more, and `make test` tells which.
    retry: process.env.CI ? 1 : 0,
    reporters: ['default', './test/support/summary-reporter.ts'],
    // A test never meets the stack of this checkout, nor servers that the settings of this shell name.
    env: {
      TROUPE_TOOLS: join(readSettings().cache, 'tools/bin'),
      TROUPE_HOME: join(import.meta.dirname, '.troupe/test/home'),
      TEMPORAL_ADDRESS: '',
      TROUPE_DATABASE_URL: '',
      TROUPE_ARTIFACTS: '',
      OLLAMA_HOST: '',
      TROUPE_THREADS: '1', // of a training: so small a model only waits for a second one, and here others run beside it
    },
  },
});
