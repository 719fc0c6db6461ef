/** A route and the domains of a rule as they are kept: JSON under the account's key. */
import type { MailRoute } from '../core/delivery/mail-route.ts';
import type { AccountVault } from '../platform/vault.ts';
import type { RouteRow, RuleRow } from './store.ts';

export type RouteSettings = Omit<MailRoute, 'id' | 'owner'>;

export const sealRoute = (vault: AccountVault, settings: RouteSettings): Buffer =>
  vault.seal('route.settings', JSON.stringify(settings));

export const openRoute = (vault: AccountVault, { settingsSealed }: Pick<RouteRow, 'settingsSealed'>): RouteSettings =>
  JSON.parse(vault.open('route.settings', settingsSealed).toString()) as RouteSettings;

export interface RuleDomains {
  readonly recipientDomain: string | null;
  readonly senderDomain: string | null;
}

export const sealDomains = (vault: AccountVault, domains: RuleDomains): Buffer =>
  vault.seal('route.domains', JSON.stringify(domains));

export const openDomains = (vault: AccountVault, { domainsSealed }: Pick<RuleRow, 'domainsSealed'>): RuleDomains =>
  JSON.parse(vault.open('route.domains', domainsSealed).toString()) as RuleDomains;
