import { type Command, Option } from 'commander';
import { parseCount } from '../run-options.ts';
import { choices, parseChoice, parseDuration, parseFormat, parseRange } from './option-values.ts';
import type { Session } from './session.ts';

/** What every command over a deployment is told. */
export type CommonFlags = { readonly stack?: string; readonly json: boolean; readonly yes?: boolean };

/** Connects to the deployment, does the work, and takes its exit status. */
export type RunWork = (flags: CommonFlags, work: (session: Session) => Promise<number>) => Promise<void>;

const jobHelp = 'id of a job, the first characters of it, or latest';
const exitHelp = (one: string): string =>
  `\nExit status: 0 done, 1 ${one}, or a service failed; 2 wrong usage, or no such stack, job or file.`;

/** An option that takes one of a few words, or several: help and completion tell of them. */
const choiceOption = (flags: string, description: string, of: keyof typeof choices): Option =>
  new Option(flags, description).choices(choices[of]).argParser(parseChoice(flags.split(' ')[0] ?? '', of));

const withCommon = (command: Command): Command =>
  command
    .option(
      '--stack <stack>',
      'the deployment: its name (sluice-prod), a file with `terraform output -json`, or the folder of its Terraform (default: SLUICE_STACK, else infra)',
    )
    .option('--json', 'print the result as JSON on standard output', false);

const withDeadLetterFilters = (command: Command): Command =>
  withCommon(command)
    .addOption(choiceOption('--queue <name...>', 'only of these queues', 'queue'))
    .option('--job <job>', `only of this job: ${jobHelp}`)
    .option(
      '--code <code...>',
      'only rows that were given up with these codes; NO_MARK: those of which nobody knows why',
    )
    .option('--row <rows>', 'only these rows of --job, such as 417302 or 100-200', parseRange('--row'))
    .option(
      '--older-than <time>',
      'only messages first sent longer ago, such as 30m, 2h, 3d',
      parseDuration('--older-than'),
    )
    .option('--newer-than <time>', 'only messages first sent since then', parseDuration('--newer-than'));

/** The commands over a deployment. What they do is loaded when it is asked for. */
export const addOperateCommands = (program: Command, run: RunWork): void => {
  withCommon(program.command('upload'))
    .description('upload a CSV file to the inbox and say which job it becomes')
    .argument('<file>', 'CSV file; gzip and UTF-16 are read too')
    .option('--key <key>', 'key in the inbox (default: the name of the file)')
    .option('--prefix <prefix>', 'key prefix, which decides how the file is read (default: none)')
    .option('--wait', 'wait for the end of the job', false)
    .option('--timeout <time>', 'with --wait: longest wait, such as 30m', parseDuration('--timeout'))
    .addHelpText('after', exitHelp('the job ended otherwise than COMPLETE, or did not end in time'))
    .action((file, flags) => run(flags, async (session) => (await import('./upload.ts')).upload(session, file, flags)));

  withCommon(program.command('jobs'))
    .description('list jobs, the newest first')
    .addOption(choiceOption('--state <state...>', 'only those that stand so', 'state'))
    .option('--limit <n>', 'most of them', parseCount('--limit', 1), 20)
    .addHelpText('after', '\nExit status: 0 done, 1 a service failed; 2 wrong usage, or no such stack.')
    .action((flags) => run(flags, async (session) => (await import('./jobs.ts')).jobs(session, flags)));

  withCommon(program.command('status'))
    .description('where a job stands, stage by stage')
    .argument('<job>', jobHelp)
    .option('--watch', 'look again until the job ends or waits for somebody; with --json a line for each look', false)
    .addHelpText('after', exitHelp('the job is HELD, STALLED, INCONSISTENT, REFUSED or SUPERSEDED'))
    .action((job, flags) => run(flags, async (session) => (await import('./status.ts')).status(session, job, flags)));

  withCommon(program.command('wait'))
    .description('wait for the end of a job')
    .argument('<job>', jobHelp)
    .option('--timeout <time>', 'longest wait, such as 30m', parseDuration('--timeout'))
    .addHelpText('after', exitHelp('the job ended otherwise than COMPLETE, waits for somebody, or did not end in time'))
    .action((job, flags) => run(flags, async (session) => (await import('./wait.ts')).wait(session, job, flags)));

  withCommon(program.command('verify'))
    .description('count the rows of a job again, from its file and from the table, and hold them against each other')
    .argument('<job>', jobHelp)
    .addHelpText('after', exitHelp('a gap was found, or it cannot be verified'))
    .action((job, flags) => run(flags, async (session) => (await import('./verify.ts')).verify(session, job)));

  withCommon(program.command('where'))
    .description('the whole story of one row')
    .argument('<job>', jobHelp)
    .argument('<row>', 'number of the row', parseCount('ROW', 1))
    .option('--content', 'show what stands in the row, too', false)
    .action((job, row, flags) =>
      run(flags, async (session) => (await import('./where.ts')).where(session, job, row, flags)),
    );

  withCommon(program.command('rejects'))
    .description('write the rejected rows as a CSV that can be uploaded again, with the reasons beside it')
    .argument('<job>', jobHelp)
    .option(
      '--out <file>',
      'file for the rows; the reasons go beside it, as .reasons.ndjson (default: <job>.rejects.csv)',
    )
    .option('--force', 'replace files', false)
    .addHelpText('after', exitHelp('more rows may be rejected'))
    .action((job, flags) => run(flags, async (session) => (await import('./rejects.ts')).rejects(session, job, flags)));

  withCommon(program.command('export'))
    .description('write every row of a job with its result, in row order')
    .argument('<job>', jobHelp)
    .addOption(
      new Option('--format <format>', 'how rows are written')
        .choices(choices.format)
        .argParser(parseFormat)
        .default('ndjson'),
    )
    .addOption(choiceOption('--status <status...>', 'only rows that stand so', 'status'))
    .option('--out <file>', 'file (default: standard output)')
    .option('--force', 'replace the file', false)
    .addHelpText('after', exitHelp('the job is not COMPLETE, or rows are left out'))
    .action((job, flags) =>
      run(flags, async (session) => (await import('./export.ts')).exportRows(session, job, flags)),
    );

  withCommon(program.command('report'))
    .description('write a page about a job: its ledger, charts, rejects, cost')
    .argument('<job>', jobHelp)
    .option('--out <file>', 'file (default: <job>.report.html)')
    .option('--force', 'replace the file', false)
    .addHelpText('after', exitHelp('it was interrupted'))
    .action((job, flags) => run(flags, async (session) => (await import('./report.ts')).report(session, job, flags)));

  withCommon(program.command('repair'))
    .description('send everything of a job that is not final again, dead and lost rows too')
    .argument('<job>', jobHelp)
    .addHelpText('after', exitHelp('nothing would come of it'))
    .action((job, flags) => run(flags, async (session) => (await import('./repair.ts')).repair(session, job)));

  withCommon(program.command('retry'))
    .description('send rows that the processor refused once more, as a job of their own, after it was mended')
    .argument('<job>', jobHelp)
    .requiredOption('--failed', 'the rows that FAILED')
    .option('--code <code...>', 'only those with these codes')
    .option('--again', 'though they were sent again before', false)
    .addHelpText('after', exitHelp('they were sent again before, or cannot be'))
    .action((job, flags) => run(flags, async (session) => (await import('./retry.ts')).retry(session, job, flags)));

  withCommon(program.command('cancel'))
    .description('end a job: rows that were not processed yet are not')
    .argument('<job>', jobHelp)
    .option('--yes', 'do not ask', false)
    .addHelpText('after', exitHelp('the answer was no, the job is at its end'))
    .action((job, flags) => run(flags, async (session) => (await import('./cancel.ts')).cancel(session, job)));

  withCommon(program.command('forget'))
    .description("delete a job's rows, rejects and copies for good; its ledger and the uploaded file stay")
    .argument('<job>', jobHelp)
    .option('--yes', 'do not ask', false)
    .addHelpText('after', exitHelp('the answer was no, the job is not at its end'))
    .action((job, flags) => run(flags, async (session) => (await import('./forget.ts')).forget(session, job)));

  const dlq = program
    .command('dlq')
    .description('dead letters: what ran out of deliveries, by queue and error')
    .helpCommand(false);
  const deadLetters = () => import('./dlq/commands.ts');
  withDeadLetterFilters(dlq.command('ls'))
    .description('count dead letters by stage and error')
    .addHelpText('after', exitHelp('it was interrupted'))
    .action((flags) => run(flags, async (session) => (await deadLetters()).list(session, flags)));
  withDeadLetterFilters(dlq.command('show'))
    .description('show dead letters one by one')
    .option('--content', 'show what stands in the rows, too', false)
    .option('--limit <n>', 'most of them', parseCount('--limit', 1), 20)
    .addHelpText('after', exitHelp('it was interrupted'))
    .action((flags) => run(flags, async (session) => (await deadLetters()).show(session, flags)));
  withDeadLetterFilters(dlq.command('redrive'))
    .description('send dead letters back to where they came from (without --yes: say what would be sent)')
    .option('--rate <n>', 'messages a second at most', parseCount('--rate', 1), 50)
    .option('--yes', 'do it', false)
    .addHelpText('after', exitHelp('a letter was not sent, or not deleted after that, it was interrupted'))
    .action((flags) => run(flags, async (session) => (await deadLetters()).redrive(session, flags)));
  withDeadLetterFilters(dlq.command('drop'))
    .description(
      'save dead letters to a file, write their rows off as failed, and delete them; with --job dead rows without a letter, too (without --yes: say which)',
    )
    .option('--out <file>', 'file to save them to (default: sluice-dropped-<time>.ndjson)')
    .option('--rate <n>', 'messages a second at most', parseCount('--rate', 1), 50)
    .option('--yes', 'do it', false)
    .addHelpText('after', exitHelp('a letter or a row was not dropped, it was interrupted'))
    .action((flags) => run(flags, async (session) => (await deadLetters()).drop(session, flags)));
  withDeadLetterFilters(dlq.command('export'))
    .description('save dead letters to a file, content and all, and leave them where they are')
    .requiredOption('--out <file>', 'file for them, one a line')
    .option('--force', 'replace the file', false)
    .addHelpText('after', exitHelp('it was interrupted, and there is no file'))
    .action((flags) => run(flags, async (session) => (await deadLetters()).exportLetters(session, flags)));

  withCommon(program.command('doctor'))
    .description('look for settings of a deployment that endanger data')
    .addHelpText('after', exitHelp('something endangers data or may, since it could not be read'))
    .action((flags) => run(flags, async (session) => (await import('./doctor/doctor.ts')).doctor(session)));
};
