/** The command line. Every command has a help text; what a program may read goes to standard output, the rest to standard error. */
import { Command } from 'commander';
import { addAccountCommands } from './commands/accounts.ts';
import { addAuditCommands } from './commands/audit.ts';
import { addBackupCommand } from './commands/backup.ts';
import { addDemoCommand } from './commands/demo.ts';
import { addDoctorCommand } from './commands/doctor.ts';
import { CommandFault } from './commands/fault.ts';
import { addImportCommand } from './commands/import.ts';
import { addJudgeCommand } from './commands/judge.ts';
import { addKeyCommands } from './commands/keys.ts';
import { addNetworkCommands } from './commands/networks.ts';
import { addReceiptCommands } from './commands/receipt.ts';
import { addRejudgeCommand } from './commands/rejudge.ts';
import { addRestoreCommand } from './commands/restore.ts';
import { addStartCommand } from './commands/start.ts';
import { ConfigFaults } from './config.ts';
import { DataDirInUse } from './platform/data-dir-lock.ts';
import { DatabaseUnavailable } from './platform/database.ts';
import { WrongKey } from './platform/installation.ts';
import { KeyProviderFault } from './platform/key-provider-fault.ts';
import { KeyFileFault } from './platform/master-key.ts';
import { SchemaMismatch } from './platform/migrate.ts';
import { RelayLoginFault } from './routing/index.ts';
import { BackupFault } from './upkeep/index.ts';
import { version } from './version.ts';

const program = new Command('waxwing')
  .description('Email that tells people from machines.')
  .version(version)
  .showHelpAfterError('(--help tells more)')
  .configureHelp({ sortSubcommands: false });

addStartCommand(program);
addDemoCommand(program);
addAccountCommands(program);
addJudgeCommand(program);
addRejudgeCommand(program);
addNetworkCommands(program);
addImportCommand(program);
addAuditCommands(program);
addReceiptCommands(program);
addKeyCommands(program);
addBackupCommand(program);
addRestoreCommand(program);
addDoctorCommand(program);

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`${explain(error)}\n`);
  process.exitCode = 1;
}

/** What an operator can act on is said in a sentence; anything else is our fault and shows where it happened. */
function explain(error: unknown): string {
  const foreseen = [
    ConfigFaults,
    DataDirInUse,
    WrongKey,
    KeyFileFault,
    KeyProviderFault,
    SchemaMismatch,
    CommandFault,
    BackupFault,
    RelayLoginFault,
  ];
  if (error instanceof DatabaseUnavailable)
    return 'The database does not answer. Check DATABASE_URL and that the server runs, then try again.';
  if (!(error instanceof Error)) return String(error);
  // SQLSTATE class 28, 3D000: PostgreSQL docs, appendix A.
  if (/^(28...|3D000)$/.test(String((error as { code?: unknown }).code)))
    return `The database refuses us: ${error.message}. Check user, password and database name in DATABASE_URL.`;
  if (foreseen.some((kind) => error instanceof kind)) return error.message;
  if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE')
    return `Port ${(error as { port?: number }).port} is taken by another program. Stop that, or set another port (docs/config.md).`;
  return error.stack ?? error.message;
}
