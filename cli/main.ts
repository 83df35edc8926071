/** The command line: what can be typed. What each command does is in the file of its name, loaded only when it is used. */
import { enableCompileCache } from 'node:module';
import { Command, CommanderError, Option } from 'commander';
import type { Context } from './context.ts';
import { exitCodes, Stop } from './stop.ts';
import { openTerminal } from './terminal.ts';

enableCompileCache();

// Whoever reads may stop reading: a pager that was left, `| head`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? exitCodes.ok : exitCodes.failed));

type Module<A extends unknown[]> = { command: (context: Context, ...given: A) => Promise<number | undefined> };

/** Loads a command when it is typed, and makes what it returns the exit code. */
const does =
  <A extends unknown[]>(load: () => Promise<Module<A>>) =>
  async (...given: unknown[]): Promise<void> => {
    const typed = given.pop() as Command;
    const [{ command }, { readSettings }] = await Promise.all([load(), import('../platform/settings.ts')]);
    const context = { terminal: openTerminal(typed.optsWithGlobals()), settings: readSettings() };
    process.exitCode = (await command(context, ...(given as A))) ?? exitCodes.ok;
  };

const list = (value: string, before: string[] = []) => [...before, ...value.split(',').filter(Boolean)];
const by = () => new Option('--by <name>', 'who decides; recorded as claimed').env('USER');

const program = new Command('troupe')
  .description("Turns a person's words into a model that speaks as them, released only when it is shown to be better.")
  .option('--json', 'print JSON, or one JSON object on each line')
  .option('-v, --verbose', 'say more, with the matching `temporal` command')
  .helpCommand(false)
  .configureHelp({ showGlobalOptions: true })
  .showSuggestionAfterError(true)
  .addHelpText(
    'after',
    '\nA persona may be left out where there is only one, or one that ran last; a run is named by its id, a unique beginning of it, or its persona.\nExit codes: 0 released or unchanged, 1 failed, 2 usage or configuration, 3 held, rejected or expired, 4 inconclusive, 5 waiting for approval, 130 interrupted.',
  );

program.commandsGroup('Write a persona:');
program
  .command('init')
  .description('write a persona and its suite, ready to run')
  .argument('[name]', 'what to call it')
  .option('--subject <speaker>', 'who the model speaks as: the speaker of their rows')
  .option('--partner <speaker>', 'who they speak with')
  .option('--force', 'write over files that are there')
  .action(does(() => import('./init.ts')));
program
  .command('validate')
  .description('check persona and suite files, every problem with its place')
  .argument('[personas...]', 'all of them when left out')
  .option('--print', 'print what was understood, every default filled in')
  .action(does(() => import('./validate.ts')));
program
  .command('import')
  .description('load a data set into a source database')
  .argument('<kind>', 'meld')
  .argument('<folder>', 'where its files are')
  .requiredOption('--speaker <name>', 'whose words to load')
  .option('--into <url>', 'the database to fill; `env:NAME` for a variable. Left out: the demo database of the local stack')
  .action(does(() => import('./import.ts')));

program.commandsGroup('Release it:');
program
  .command('plan')
  .description('what a run would do, what it would reuse, and why')
  .argument('[persona]')
  .option('--until <step>', 'stop after this step')
  .option('--refresh <steps>', 'run these again although an earlier result would do; * is all', list)
  .action(does(() => import('./plan.ts')));
program
  .command('run')
  .description('release a persona, and follow to the end or to its gate')
  .argument('[persona]')
  .option('--until <step>', 'stop after this step')
  .option('--refresh <steps>', 'run these again although an earlier result would do; * is all', list)
  .option('--wait', 'at the gate, wait for the decision')
  .option('--detach', 'start it and return at once')
  .action(does(() => import('./run.ts')));
program
  .command('approve')
  .description('let a run that waits go on to its release')
  .argument('[run]')
  .addOption(by())
  .option('--evidence <digest>', 'what was looked at; its first digits do')
  .option('--inconclusive', 'release although the verdict is inconclusive')
  .option('--comment <text>')
  .option('--gate <name>', 'where a run waits at several')
  .option('--wait', 'follow the run to its end')
  .action(does(() => import('./approve.ts')));
program
  .command('reject')
  .description('end a run that waits without a release')
  .argument('[run]')
  .addOption(by())
  .option('--evidence <digest>', 'what was looked at; its first digits do')
  .option('--comment <text>', 'why')
  .option('--gate <name>', 'where a run waits at several')
  .option('--wait', 'follow the run to its end')
  .action(does(() => import('./reject.ts')));
program
  .command('retry')
  .description('try a run again where it stopped, or a step that waits for its next attempt at once')
  .argument('[run]')
  .option('--wait', 'at the gate, wait for the decision')
  .option('--detach', 'start it and return at once')
  .action(does(() => import('./retry.ts')));
program
  .command('cancel')
  .description('stop a run; what was done stays done')
  .argument('[run]')
  .action(does(() => import('./cancel.ts')));

program.commandsGroup('Look:');
program
  .command('runs')
  .description('runs, newest first')
  .argument('[persona]')
  .option('-n, --limit <count>', 'how many', Number, 20)
  .action(does(() => import('./runs.ts')));
program
  .command('status')
  .description('where a run is, or how it ended')
  .argument('[run]')
  .option('--report', 'with everything that was measured')
  .option('--links', 'only where to look: Web UI, report, logs')
  .action(does(() => import('./status.ts')));
program
  .command('watch')
  .description('follow a run to its end')
  .argument('[run]')
  .action(does(() => import('./watch.ts')));
program
  .command('logs')
  .description('what happened in a run, line by line')
  .argument('[run]')
  .argument('[step]', 'this step only; a training shows its own log')
  .action(does(() => import('./logs.ts')));
program
  .command('explain')
  .description('why a step ran or was reused: which input differed from which earlier run')
  .argument('<run-or-step>', 'a run and a step, or a step of the latest run')
  .argument('[step]')
  .action(does(() => import('./explain.ts')));

const data = program.command('data').helpCommand(false).description("a persona's words, and the data sets made of them");
data
  .command('report')
  .description('what the words are like, in numbers, and the page with the plots')
  .argument('[persona]', 'or a run')
  .action(does(() => import('./data-report.ts')));
data
  .command('rows')
  .description('look into the rows of a data set; the one command that prints what people said')
  .argument('[persona]', 'or a run')
  .option('--split <side>', 'train, validation or test')
  .option('--category <name>', 'rows of this category')
  .option('--flag <rule>', 'rows that break this rule; of a rule that puts rows aside, those that it did')
  .option(
    '--aside',
    'where rows stand that could not be read, are damaged, or were put aside by a rule, a score or a day; not what they say',
  )
  .option('-n, --limit <count>', 'how many', Number, 20)
  .action(does(() => import('./data-rows.ts')));
data
  .command('diff')
  .description('which rows are new, gone, changed or on another side between two data sets')
  .argument('<before>', 'a run or a persona')
  .argument('<after>', 'a run or a persona')
  .action(does(() => import('./data-diff.ts')));

const dataset = program.command('dataset').helpCommand(false).description('hand a data set to other programs');
dataset
  .command('export')
  .description('write the rows of a data set into a folder, with their card')
  .argument('[persona]', 'or a run')
  .option('--run <run>', 'the data set of this run instead of the newest')
  .requiredOption('--format <form>', 'jsonl, parquet, alpaca, openai, sharegpt, instruct, completion, preference or ratings')
  .requiredOption('--out <folder>', 'a folder that is not there yet')
  .action(does(() => import('./dataset-export.ts')));

program.commandsGroup('Use and undo:');
program
  .command('chat')
  .description('talk to a persona')
  .argument('[persona]')
  .option('--model <tag>', 'another model of Ollama instead of what the persona is served as')
  .option('--beside <model>', 'answer side by side with `base`, `baseline` or any model of Ollama')
  .option('-p, --prompt <text>', 'say this and end; may be given again', (value: string, before: string[] = []) => [...before, value])
  .action(does(() => import('./chat.ts')));
program
  .command('releases')
  .description('the releases of a persona, and which is live')
  .argument('[persona]')
  .option('--anchor <release>', 'freeze this one under a name that no later release moves')
  .addOption(by())
  .action(does(() => import('./releases.ts')));
program
  .command('rollback')
  .description('make the release before the live one live again, in seconds')
  .argument('[persona]')
  .option('--to <release>', 'this release instead')
  .addOption(by())
  .option('-y, --yes', 'do not ask')
  .option('--dry-run', 'only say what would change')
  .action(does(() => import('./rollback.ts')));
program
  .command('adopt')
  .description('take over a model that was there before, as the baseline of a persona')
  .argument('<persona>')
  .argument('[model]', "the model's name in Ollama; left out: the persona's `serving.baseline`")
  .option('--put-back', 'give the name back to the model that was adopted')
  .addOption(by())
  .action(does(() => import('./adopt.ts')));
program
  .command('prune')
  .description('remove artifacts and candidates that nothing needs any more')
  .option('-y, --yes', 'do not ask')
  .option('--dry-run', 'only say what would go')
  .action(does(() => import('./prune.ts')));
const schedules = program
  .command('schedules')
  .helpCommand(false)
  .description('releases that are tried by themselves, as persona files say');
schedules
  .command('plan')
  .description('what `apply` would change')
  .action(does(() => import('./schedules-plan.ts')));
schedules
  .command('apply')
  .description('make the schedules what the persona files say')
  .action(does(() => import('./schedules-apply.ts')));

program.commandsGroup('The local stack:');
program
  .command('up')
  .description('start Temporal, PostgreSQL, Ollama and the workers')
  .option('--no-workers', 'the servers only')
  .action(does(() => import('./up.ts')));
program
  .command('down')
  .description('stop them, in reverse order')
  .action(does(() => import('./down.ts')));
program
  .command('doctor')
  .description('check this machine and say what to do')
  .action(does(() => import('./doctor.ts')));

for (const command of [program, ...program.commands, ...schedules.commands, ...data.commands, ...dataset.commands]) command.exitOverride();

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = await explainFailure(error);
}

/** Prints an error as people need it, and as the last line of JSON as programs do; gives the exit code. */
async function explainFailure(error: unknown): Promise<number> {
  const terminal = openTerminal(program.opts());
  const ended = (message: string, exitCode: number, more: object = {}): number => {
    if (terminal.json) terminal.out(JSON.stringify({ event: 'error', message, ...more, exitCode }));
    return exitCode;
  };
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return exitCodes.ok; // help, which was asked for
    const what = error.code === 'commander.help' ? 'No command was given. See --help.' : error.message.replace(/^error: /, '');
    return ended(what, exitCodes.usage); // for people it has printed itself
  }
  if (error instanceof Error && error.name === 'ConfigError') {
    const { problems } = error as Error & { problems: unknown[] };
    if (!terminal.json) terminal.err(error.message);
    return ended(`${problems.length === 1 ? 'A problem' : `${problems.length} problems`} in the configuration`, exitCodes.usage, {
      problems,
    });
  }
  const message = error instanceof Stop ? error.message : (await import('./plain-failure.ts')).plainFailure(error);
  terminal.err(message);
  if (error instanceof Stop) return ended(message, error.code);
  if (terminal.verbose && error instanceof Error) terminal.err(error.stack ?? '');
  return ended(message, exitCodes.failed);
}
