/** How the console speaks of identity providers: what a test found, and how a connection stands. */
import type { z } from 'zod';
import type {
  checkSignOnConnection,
  SignOnConnection,
  SignOnDomain,
  signOnFindings,
} from '../../../../src/contract/single-sign-on.ts';

export type Checked = z.output<typeof checkSignOnConnection.result>;

const findings: Readonly<Record<(typeof signOnFindings)[number], string>> = {
  not_set_up: 'There is no issuer yet. Enter what the provider calls its issuer, and save.',
  address_refused:
    'The issuer leads into a private network, which this server does not ask. Whoever runs the server can allow it.',
  unreachable:
    'The provider does not answer at this address. Check it for typing errors, and whether the provider is up.',
  not_found:
    'There is a server at this address, but no provider. Often a part of the address is missing, such as the tenant or realm.',
  not_discovery:
    'What is at this address is not a provider’s description of itself. Copy the issuer, not the sign-in page.',
  issuer_mismatch: 'The provider calls itself something else. The issuer must be the very same text.',
  no_authorization_endpoint: 'The provider does not say where people sign in, or names an address that is not safe.',
  no_token_endpoint: 'The provider does not say where its answers are redeemed, or names an address that is not safe.',
  no_keys: 'The keys that the provider signs with could not be fetched.',
  no_code_flow: 'The provider does not offer the authorization code flow, which is the only one that Waxwing takes.',
  no_pkce: 'The provider does not offer PKCE with S256, without which answers could be stolen on their way.',
};

export const findingWords = ({ findings: found, foundIssuer }: Checked): string[] =>
  found.map((one) => (foundIssuer === null ? findings[one] : `${findings[one]} It says: ${foundIssuer}`));

export function stateWords({ isEnabled, isRequired, people }: SignOnConnection): string {
  if (!isEnabled) return 'Switched off: nobody can sign in with it.';
  const who = `${people} ${people === 1 ? 'person has' : 'people have'} signed in with it so far.`;
  return isRequired ? `In use, and required of everybody but owners. ${who}` : `In use. ${who}`;
}

const sights: Readonly<Record<NonNullable<SignOnDomain['lastSeen']>, string>> = {
  right: 'The record is there.',
  wrong: 'There is a record at this name, but another one.',
  missing: 'There is no record at this name yet. New ones may take an hour until they are seen.',
  unanswered: 'No name server answered for this domain.',
  claimed: 'The record is there, but another account has shown that the domain is theirs.',
};

export const sightWords = ({ lastSeen }: SignOnDomain): string =>
  lastSeen === null ? 'Nobody has looked yet.' : sights[lastSeen];

export const isComplete = ({ issuer, clientId, domains }: SignOnConnection): boolean =>
  issuer !== null && clientId !== null && domains.length > 0;
