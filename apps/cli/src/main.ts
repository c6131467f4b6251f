/**
 * `npm run palimpsest -- <command>`: what an operator does beside the running classroom. tools/palimpsest.mjs starts it with
 * OWNER_DATABASE_URL (and EVENTSTORE_URL, if that is set).
 */
import 'reflect-metadata'; // before the DTO classes of the protocol
import { Command, CommanderError, Option } from 'commander';
import { exportCommand, importCommand, infoCommand, type Status, verifyCommand } from './archive-commands.js';
import { type Terminal, withStores } from './environment.js';
import { showEvidenceCommand, type VerifyEvidenceOptions, verifyEvidenceCommand } from './evidence-commands.js';
import {
  type ExportOptions,
  gitCommand,
  jsonlCommand,
  progSnap2Command,
  type ProgSnap2CommandOptions,
} from './export-commands.js';
import { ProgressBar } from './progress-bar.js';
import { askOnTerminal, importUsersCommand, readColumn, readDelimiter, type UsersOptions } from './user-commands.js';
import { rebuildCommand, skipCommand, statusCommand } from './projection-commands.js';

const interrupted = new AbortController();
const terminal: Terminal = {
  progress: new ProgressBar(process.stderr),
  print: (line) => void process.stdout.write(`${line}\n`),
  note: (line) => void process.stderr.write(`${line}\n`),
  signal: interrupted.signal,
};

type Action = (...words: never[]) => Promise<Status>;

/** Keeps what the command says of its end for the process. */
function ending(action: Action) {
  return async (...words: unknown[]) => {
    process.exitCode = await (action as (...given: unknown[]) => Promise<Status>)(...words);
  };
}

function archiveCommands(program: Command): void {
  const archive = program
    .command('archive')
    .description('move the event log, with its times and blobs, between stores (format: docs/ARCHIVE.md)');
  archive
    .command('export')
    .argument('<folder>', 'a new folder, or an archive of the same log to add to')
    .description('write all events and blobs that the archive does not have yet')
    .action(ending((folder: string) => exportCommand(folder, process.env, terminal)));
  archive
    .command('import')
    .argument('<folder>')
    .description('write an archive into an empty store, or go on with it')
    .action(ending((folder: string) => importCommand(folder, process.env, terminal)));
  archive
    .command('verify')
    .argument('<folder>')
    .description('compare every byte with its checksum; exit status 1 if one differs')
    .action(ending((folder: string) => verifyCommand(folder, terminal)));
  archive
    .command('info')
    .argument('<folder>')
    .option('--json', 'as JSON')
    .description('what an archive holds')
    .action(ending((folder: string, { json = false }: { json?: boolean }) => infoCommand(folder, json, terminal)));
}

function projectionCommands(program: Command): void {
  const projections = program.command('projections').description('the lists that are built from the event log');
  projections
    .command('status')
    .option('--json', 'as JSON')
    .description('how far each is, and what is wrong; exit status 1 if something is')
    .action(ending(({ json = false }: { json?: boolean }) => statusCommand(json, process.env, terminal)));
  projections
    .command('rebuild')
    .argument('[names...]')
    .addOption(new Option('--all', 'all of them').default(false))
    .description('build anew beside the one in use, then put in its place at once; the classroom may go on')
    .action(
      ending(async (names: string[], { all }: { all: boolean }, command: Command) => {
        if (all === names.length > 0) command.error('error: name the lists to rebuild, or give --all');
        return rebuildCommand(names, process.env, terminal);
      }),
    );
  projections
    .command('skip')
    .argument('<name>')
    .requiredOption('--position <position>', 'at which it has stopped, as "projections status" says')
    .requiredOption('--reason <text>', 'kept beside it')
    .description('leave out an event that a list cannot apply')
    .action(
      ending((name: string, { position, reason }: { position: string; reason: string }) =>
        skipCommand(name, position, reason, process.env, terminal),
      ),
    );
}

function accountCommands(program: Command): void {
  program
    .command('accounts')
    .description('accounts, for whoever has the machine')
    .command('reset-password')
    .argument('<username>')
    .description('give an account a new random password, to be changed at the next sign-in, and end its sessions')
    .action(
      ending((username: string) =>
        withStores<Status>(process.env, {}, async ({ store, pool }) => {
          const { resetPassword } = await import('@palimpsest/api'); // loads the whole api: not for the other commands
          terminal.print(`${username}  ${await resetPassword(store, pool, username)}`);
          return 0;
        }),
      ),
    );
}

function userCommands(program: Command): void {
  program
    .command('users')
    .description('people of a course')
    .command('import')
    .argument('<roster>', 'a CSV file in UTF-8 whose first line names the columns')
    .requiredOption('--course <id or title>', 'the course that they come into')
    .option(
      '--column <field=name>',
      'which column holds username, name, firstName, lastName, email or role, where that is not guessed',
      readColumn,
      {},
    )
    .option('--delimiter <sign>', '"," ";" or "tab", where that is not guessed', readDelimiter)
    .option('--remove-missing', 'students and assistants who are not in the file leave the course')
    .option('--passwords <file>', 'where the first passwords of new accounts go (mode 0600)')
    .option('--yes', 'do what the preview shows without asking')
    .description('show what a roster would change, ask, and do it')
    .action(
      ending((roster: string, options: UsersOptions) =>
        importUsersCommand(roster, options, process.env, terminal, askOnTerminal),
      ),
    );
}

function evidenceCommands(program: Command): void {
  const evidence = program.command('evidence').description('what vouches for the event log (docs/EVIDENCE.md)');
  const gather = (word: string, before: readonly string[]) => [...before, word];
  evidence
    .command('verify')
    .option('--key <key>', 'a public key that you have from elsewhere; may be repeated', gather, [])
    .option('--checkpoint <file>', 'a checkpoint that you kept elsewhere; may be repeated', gather, [])
    .option('--json', 'as JSON')
    .description('read the whole log again and compare every event with the tree and the signed checkpoints')
    .action(ending((options: VerifyEvidenceOptions) => verifyEvidenceCommand(options, process.env, terminal)));
  evidence
    .command('show')
    .description('the newest signed checkpoint and the public keys, to be kept elsewhere')
    .action(ending(() => showEvidenceCommand(process.env, terminal)));
}

function exportCommands(program: Command): void {
  const exports = program.command('export').description('what was recorded, in formats of others (docs/EXPORTS.md)');
  const inTime = (command: Command) =>
    command
      .option('--from <moment>', 'not before it, such as 2026-01-31T08:00:00Z')
      .option('--until <moment>', 'before it');
  inTime(exports.command('progsnap2'))
    .requiredOption('--course <id or title>', 'the course')
    .requiredOption('--out <folder>', 'a new folder')
    .addOption(new Option('--mode <mode>', 'what the standard has, or ours as well').choices(['strict', 'extended']))
    .option('--identified', 'with a table that says whose the pseudonyms are')
    .description('a dataset of a course in ProgSnap2 v1.0')
    .action(ending((options: ProgSnap2CommandOptions) => progSnap2Command(options, process.env, terminal)));
  exports
    .command('git')
    .requiredOption('--workspace <id>', 'the workspace')
    .requiredOption('--out <file>', 'a new file, such as work.bundle')
    .description('the history of a workspace, for "git clone"')
    .action(ending((options: ExportOptions) => gitCommand(options, process.env, terminal)));
  inTime(exports.command('jsonl'))
    .option('--course <id or title>', 'the events of a course')
    .option('--workspace <id>', 'or of a workspace')
    .requiredOption('--out <folder>', 'a new folder')
    .description('events as lines of JSON, with a manifest')
    .action(
      ending(async (options: ExportOptions, command: Command) => {
        if ((options.course === undefined) === (options.workspace === undefined))
          command.error('error: give either --course or --workspace');
        return jsonlCommand(options, process.env, terminal);
      }),
    );
}

/** A first Ctrl-C lets the command end in order, a second one at once. */
function listenForInterrupt(): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => {
      if (interrupted.signal.aborted) process.exit(130);
      interrupted.abort();
    });
}

async function main(): Promise<void> {
  listenForInterrupt();
  const program = new Command('npm run palimpsest --')
    .description(
      'Palimpsest: archive, projections, accounts, users, evidence, export. Add --data <folder> for an installation that is not in ./data.',
    )
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
    .showSuggestionAfterError();
  archiveCommands(program);
  projectionCommands(program);
  accountCommands(program);
  userCommands(program);
  evidenceCommands(program);
  exportCommands(program);
  await program.parseAsync();
}

main().catch((error: unknown) => {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : 2; // it has said what is wrong itself
    return;
  }
  terminal.progress.end();
  terminal.note(error instanceof Error ? error.message : String(error));
  process.exitCode = interrupted.signal.aborted ? 130 : 1;
});
