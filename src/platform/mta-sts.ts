/**
 * Fetches the policy that a domain publishes for its mail (RFC 8461 §3.3): over HTTPS with a certificate that holds for
 * the name, following nothing, within limits of size and time. It keeps nothing, decides nothing and never throws.
 */
import { request } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { readStsPolicy, type StsFault, type StsPolicy } from '../core/delivery/mta-sts.ts';
import { webAgent } from './trusted-roots.ts';

export interface PolicySource {
  readonly addresses: (host: string) => Promise<readonly string[]>;
  /** 443 but in a test laboratory. */
  readonly port?: number;
  /** PEM certificates trusted beside the system's. */
  readonly trusted?: readonly string[];
}

export type FetchedPolicy =
  | { readonly kind: 'policy'; readonly policy: StsPolicy }
  | { readonly kind: 'fault'; readonly fault: StsFault };

/** RFC 8461 §3.3: a minute and 64 kilobytes are what a sender should allow. */
const totalMs = 60_000;
const mostBytes = 64 * 1024;
const mostAddresses = 8;

const fault = (what: StsFault): FetchedPolicy => ({ kind: 'fault', fault: what });

export async function fetchStsPolicy(domain: string, source: PolicySource, stop?: AbortSignal): Promise<FetchedPolicy> {
  const host = `mta-sts.${domain}`;
  const addresses = await source.addresses(host);
  if (addresses.length === 0) return fault('sts-policy-fetch-error');
  const limit = AbortSignal.timeout(totalMs);
  const signal = stop === undefined ? limit : AbortSignal.any([limit, stop]);
  return new Promise((resolve) => {
    const asking = request(
      {
        ...{
          host,
          port: source.port ?? 443,
          path: '/.well-known/mta-sts.txt',
          method: 'GET',
          agent: webAgent(source.trusted),
          signal,
        },
        ...{ servername: host, lookup: always(addresses) },
        headers: { accept: 'text/plain', 'user-agent': 'waxwing (MTA-STS)' },
      },
      (answer) => {
        const type = (answer.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase();
        // RFC 8461 §3.3: no redirects, and nothing but 200 is a policy.
        if (answer.statusCode !== 200 || type !== 'text/plain') {
          answer.destroy();
          return resolve(fault('sts-policy-fetch-error'));
        }
        const pieces: Buffer[] = [];
        let sizeBytes = 0;
        answer.on('data', (piece: Buffer) => {
          pieces.push(piece);
          sizeBytes += piece.length;
          if (sizeBytes <= mostBytes) return;
          // At once: its end may have come with the same packet.
          resolve(fault('sts-policy-invalid'));
          asking.destroy();
        });
        answer.on('end', () => resolve(read(Buffer.concat(pieces))));
        answer.on('error', () => resolve(fault('sts-policy-fetch-error')));
      },
    );
    asking.on('error', (error) =>
      resolve(fault(isCertificateFault(error) ? 'sts-webpki-invalid' : 'sts-policy-fetch-error')),
    );
    asking.on('close', () => resolve(fault('sts-policy-fetch-error')));
    asking.end();
  });
}

function read(bytes: Buffer): FetchedPolicy {
  const policy = readStsPolicy(bytes.toString('utf8'));
  return policy === null ? fault('sts-policy-invalid') : { kind: 'policy', policy };
}

/** Node tries them in turn, one that does not answer for a quarter of a second. */
const always =
  (addresses: readonly string[]): LookupFunction =>
  (_host, options, done) => {
    const all = addresses.slice(0, mostAddresses).map((address) => ({ address, family: isIP(address) }));
    if (options.all === true) done(null, all);
    else done(null, all[0]?.address ?? '', all[0]?.family);
  };

const isCertificateFault = (error: Error): boolean =>
  /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ISSUER|ALTNAME|ERR_TLS/.test((error as { code?: string }).code ?? '');
