import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { readSettings, root } from '../platform/settings.ts';
import type { Summary } from '../test/support/summary-reporter.ts';

/**
 * Runs both test runners and ends with one line over both: `N passed, N failed`.
 *
 *     node scripts/test.ts [name of a test file, for vitest only]
 */

const only = process.argv.slice(2);
const reports = join(root, '.troupe/test');
const saidByPytest = join(reports, 'pytest.out');
mkdirSync(reports, { recursive: true });

const run = (command: string, args: string[], output: 'inherit' | number, env: Record<string, string> = {}): Promise<number> =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', output, output], env: { ...process.env, ...env } });
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? -1));
  });

/** A runner that fails without a failed test, or runs nothing, has failed all the same. */
function judged(runner: string, code: number, summary: Summary | undefined): Summary {
  const counted = summary ?? { passed: 0, failed: 0, failures: [], skipped: [], unsteady: [] };
  const why = !summary
    ? 'left no report'
    : code !== 0 && summary.failed === 0
      ? `ended with exit ${code} and no failed test`
      : summary.passed + summary.failed === 0
        ? 'ran nothing'
        : undefined;
  if (why) {
    console.error(`${runner} ${why}: counted as one failure`);
    counted.failed++;
  }
  return counted;
}

async function vitest(): Promise<Summary> {
  const report = join(reports, 'vitest.json');
  rmSync(report, { force: true });
  const code = await run(process.execPath, [join(root, 'node_modules/vitest/vitest.mjs'), 'run', ...only], 'inherit', {
    TROUPE_TEST_SUMMARY: report,
  });
  return judged('vitest', code, existsSync(report) ? (JSON.parse(readFileSync(report, 'utf8')) as Summary) : undefined);
}

async function pytest(): Promise<Summary> {
  const report = join(reports, 'pytest.xml');
  rmSync(report, { force: true });
  const python = join(readSettings().cache, 'tools/bin/trainer-python');
  const output = openSync(saidByPytest, 'w');
  const code = await run(python, ['-m', 'pytest', '-q', '-p', 'no:cacheprovider', `--junitxml=${report}`, 'trainer-py/tests'], output);
  closeSync(output);
  return judged('pytest', code, existsSync(report) ? fromJunit(readFileSync(report, 'utf8')) : undefined);
}

/** The counts of a JUnit report, and why each skipped test was. */
function fromJunit(xml: string): Summary {
  const suite = /<testsuite [^>]*>/.exec(xml)?.[0] ?? '';
  const count = (name: string) => Number(new RegExp(`\\b${name}="(\\d+)"`).exec(suite)?.[1] ?? 0);
  const failed = count('failures') + count('errors');
  const skipped = [...xml.matchAll(/<testcase classname="([^"]*)" name="([^"]*)"[^>]*><skipped [^>]*?message="([^"]*)"/g)].map(
    ([, file, name, why]) => ({
      test: plain(`${file}: ${name}`),
      why: plain(why || 'no reason given'),
    }),
  );
  const failures = [...xml.matchAll(/<testcase classname="([^"]*)" name="([^"]*)"[^>]*><(?:failure|error) [^>]*?message="([^"]*)"/g)].map(
    ([, file, name, why]) => ({ test: plain(`${file}: ${name}`), why: plain(why ?? '') }),
  );
  return { passed: count('tests') - failed - count('skipped'), failed, failures, skipped, unsteady: [] };
}

const plain = (escaped: string) =>
  escaped.replace(
    /&(?:lt|gt|quot|apos|amp|#10);/g,
    (code) => ({ '&lt;': '<', '&gt;': '>', '&quot;': '"', '&apos;': "'", '&amp;': '&', '&#10;': ' ' })[code] ?? code,
  );

// Side by side: each waits a good deal. What the second says is told when the first has ended.
const summaries = await Promise.all([vitest(), ...(only.length > 0 ? [] : [pytest()])]);
if (only.length === 0) console.log(`\n${readFileSync(saidByPytest, 'utf8')}`);
const sum = (count: (summary: Summary) => number) => summaries.reduce((total, summary) => total + count(summary), 0);
const skipped = summaries.flatMap((summary) => summary.skipped);
const failed = sum((summary) => summary.failed);

console.log();
for (const { test, why } of summaries.flatMap((summary) => summary.failures)) console.log(`failed: ${test} (${why.slice(0, 1500)})`);
for (const { test, why } of summaries.flatMap((summary) => summary.unsteady))
  console.log(`passed at the second try: ${test} (${why.slice(0, 1500)})`);
for (const { test, why } of skipped) console.log(`skipped: ${test} (${why})`);
console.log(`${sum((summary) => summary.passed)} passed, ${failed} failed${skipped.length > 0 ? `, ${skipped.length} skipped` : ''}`);
process.exitCode = failed > 0 ? 1 : 0;
