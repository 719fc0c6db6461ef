/** The HTTP routes of the audit area: looking for entries, the signed export, and the key that it is checked with. */
import {
  exportAudit,
  exportAuditEntries,
  listAuditEntries,
  readAuditActivity,
  readAuditKey,
} from '../contract/audit.ts';
import { Answer, type Route, route, writes, writesNothing } from '../platform/route.ts';
import { installationSigner, publicKeyPem } from '../platform/signing.ts';
import type { World } from '../platform/world.ts';
import { readActivity } from './activity.ts';
import type { Directory } from './directory.ts';
import { csvForm, jsonForm } from './entries-file.ts';
import { exportChain } from './export-chain.ts';
import { exportEntries, listEntries } from './search-entries.ts';

export function auditRoutes(world: Pick<World, 'db' | 'vault' | 'clock' | 'log'> & Directory): Route[] {
  const signer = installationSigner(world.vault);
  return [
    route(listAuditEntries, 'audit.read', writes('audit.searched'), ({ query }, caller) =>
      listEntries(world, caller, query),
    ),
    route(
      readAuditActivity,
      'audit.read',
      writesNothing('Numbers by day show nobody and nothing.'),
      ({ query }, caller) => readActivity(world, caller.accountId, query.days),
    ),
    route(exportAuditEntries, 'audit.export', writes('audit.searched'), async ({ query }, caller) => {
      const { format, limit: most, ...filters } = query;
      const isCsv = format === 'csv';
      const lines = await exportEntries(world, caller, filters, { most, format, ...(isCsv ? csvForm : jsonForm) });
      return new Answer(lines, {
        'content-type': isCsv ? 'text/csv; charset=utf-8; header=present' : 'application/jsonl; charset=utf-8',
        'content-disposition': `attachment; filename="waxwing-audit-entries.${isCsv ? 'csv' : 'jsonl'}"`,
      });
    }),
    route(exportAudit, 'audit.export', writes('audit.exported'), async ({ query }, caller) => {
      const lines = await exportChain(world, caller, query);
      return new Answer(lines, {
        'content-type': 'application/jsonl; charset=utf-8',
        'content-disposition': 'attachment; filename="waxwing-audit.jsonl"',
      });
    }),
    route(readAuditKey, 'audit.export', writesNothing('The key is public.'), async () => ({
      keyId: signer.keyId,
      publicKey: publicKeyPem(signer.publicKey),
    })),
  ];
}
