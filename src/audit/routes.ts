/** The HTTP routes of the audit area: the export and the key that it is checked with. */
import { exportAudit, readAuditKey } from '../contract/audit.ts';
import { Answer, type Route, route, writes, writesNothing } from '../platform/route.ts';
import { installationSigner, publicKeyPem } from '../platform/signing.ts';
import type { World } from '../platform/world.ts';
import type { Directory } from './directory.ts';
import { exportChain } from './export-chain.ts';

export function auditRoutes(world: Pick<World, 'db' | 'vault' | 'clock' | 'log'> & Directory): Route[] {
  const signer = installationSigner(world.vault);
  return [
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
