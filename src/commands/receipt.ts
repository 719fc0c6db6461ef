/** `waxwing receipt verify`: checks a receipt of how a copy travelled, without server and database. */
import { existsSync, readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { type Receipt, receiptText } from '../core/delivery/receipt.ts';
import { saysEachNameOnce } from '../core/sending/canonical-json.ts';
import { isSignedWith } from '../platform/signing.ts';
import { CommandFault } from './fault.ts';
import { trustedKey } from './public-key.ts';

export function addReceiptCommands(program: Command): void {
  program
    .command('receipt')
    .description('receipts of how copies travelled')
    .command('verify <file>')
    .description('check a receipt; status 1 when it was altered or another key signed it; - reads standard input')
    .option(
      '--key <public>',
      'trust only this public key: a PEM file, or the key in PEM, base64 or hex (default: the installation’s own)',
    )
    .action(verifyFile);
}

async function verifyFile(file: string, options: { key?: string }): Promise<void> {
  const publicKey = await trustedKey(options.key);
  if (file !== '-' && !existsSync(file)) throw new CommandFault(`${file} cannot be read: there is no such file.`);
  const receipt = readReceipt(readFileSync(file === '-' ? 0 : file, 'utf8'));
  if (receipt === undefined || !isSignedWith(publicKey, receiptText(receipt), receipt.signature)) {
    const what = receipt === undefined ? 'this is no receipt.' : 'it was altered, or another key signed it.';
    process.stdout.write(`NOT SOUND: ${what}\n`);
    process.exitCode = 1;
  } else process.stdout.write(`${wordsFor(receipt)}\n`);
}

function readReceipt(text: string): Receipt | undefined {
  try {
    const value = JSON.parse(text) as Partial<Receipt> | null;
    const isReceipt = value?.type === 'receipt' && typeof value.signature === 'string' && saysEachNameOnce(text, value);
    return isReceipt ? (value as Receipt) : undefined;
  } catch {
    return undefined;
  }
}

function wordsFor({ message, recipient, account, status, attempts, issuedAt }: Receipt): string {
  const last = attempts.at(-1);
  const how = last?.host ? ` by ${last.host}, ${last.tls ?? 'in clear text'}` : '';
  return [
    `Sound: recipient ${recipient} of message ${message}, account ${account}.`,
    `${status}${how}; attempts: ${attempts.length}. Issued ${issuedAt}.`,
  ].join('\n');
}
