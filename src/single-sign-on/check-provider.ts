/** Asks an identity provider for its description and keys now, and says what is wrong with them. It changes nothing. */
import { accountVault } from '../accounts/index.ts';
import { record } from '../audit/index.ts';
import { Problem } from '../contract/problem.ts';
import type { Caller } from '../platform/route.ts';
import { assertAccountWide, type ConnectionNeeds } from './connections.ts';
import { openConnection } from './open-connection.ts';
import { discover, findingOf, foundIssuerOf, keySet, type SignOnFinding } from './provider.ts';
import { readConnectionRow } from './store.ts';

export interface ProviderCheck {
  readonly findings: SignOnFinding[];
  readonly foundIssuer: string | null;
  readonly supports: { readonly backChannelLogout: boolean; readonly issuerInAnswers: boolean };
}

const nothingKnown = { foundIssuer: null, supports: { backChannelLogout: false, issuerInAnswers: false } } as const;

export async function checkProvider(needs: ConnectionNeeds, caller: Caller, id: string): Promise<ProviderCheck> {
  assertAccountWide(caller);
  const vault = await accountVault(needs, caller.accountId);
  const row = await needs.db.readAccount(caller.accountId, (tx) => readConnectionRow(tx, id));
  if (row === undefined) throw new Problem('sso.not_found');
  const { issuer } = openConnection(vault, row);
  const checked: ProviderCheck =
    issuer === null ? { findings: ['not_set_up'], ...nothingKnown } : await askProvider(needs, issuer);
  const [at, { actor }] = [needs.clock.now(), caller];
  const detail = { findings: checked.findings };
  await needs.db.asAccount(caller.accountId, (tx) =>
    record(tx, { at, actor, action: 'sso_connection.checked', object: { kind: 'sso-connection', id }, detail }),
  );
  needs.providers.forget(id);
  return checked;
}

async function askProvider({ providers }: ConnectionNeeds, issuer: string): Promise<ProviderCheck> {
  try {
    const metadata = await discover(providers.fetch, issuer, providers.allowsInner);
    const keys = keySet(providers.fetch, metadata);
    const hasKeys = await keys.reload().then(
      () => (keys.jwks()?.keys.length ?? 0) > 0,
      () => false,
    );
    const { response_types_supported: types, code_challenge_methods_supported: challenges } = metadata;
    return {
      findings: [
        ...(hasKeys ? [] : (['no_keys'] as const)),
        ...(types === undefined || types.includes('code') ? [] : (['no_code_flow'] as const)),
        // Left out, it says nothing (RFC 8414 §2); Entra ID for one has it and does not tell.
        ...(challenges === undefined || challenges.includes('S256') ? [] : (['no_pkce'] as const)),
      ],
      foundIssuer: null,
      supports: {
        backChannelLogout: metadata.backchannel_logout_supported === true,
        issuerInAnswers: metadata.authorization_response_iss_parameter_supported === true,
      },
    };
  } catch (error) {
    return { findings: [findingOf(error)], ...nothingKnown, foundIssuer: foundIssuerOf(error) };
  }
}
