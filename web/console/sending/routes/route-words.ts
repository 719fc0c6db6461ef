/** Routes, relays and rules in words that need no knowledge of mail servers. */
import type { MailRouteRead, MailRouteRuleRead, RelayHealth } from '../../../../src/contract/routes.ts';
import { type Department, pathOf } from '../../people/words.ts';

export const stateWords: Readonly<Record<RelayHealth['state'], string>> = {
  unused: 'Not used lately',
  working: 'Works',
  unsteady: 'Works in part',
  resting: 'Fails, left alone for a moment',
  failing: 'Fails, is tried again',
};

export const kindWords = ({ kind, hosts }: Pick<MailRouteRead, 'kind' | 'hosts'>): string =>
  kind === 'direct'
    ? 'Straight to each recipient’s own mail server'
    : `By ${hosts.length} ${hosts.length === 1 ? 'relay' : 'relays'}`;

export function ruleWords(rule: MailRouteRuleRead, departments: readonly Department[]): string {
  const said = [
    rule.recipientDomain === null ? '' : `to ${domainWords(rule.recipientDomain)}`,
    rule.senderDomain === null ? '' : `from ${domainWords(rule.senderDomain)}`,
    rule.departmentId === null ? '' : `of ${pathOf(rule.departmentId, departments)}`,
  ].filter((text) => text !== '');
  const mail =
    rule.messageClass === null ? 'Mail' : rule.messageClass === 'marketing' ? 'Marketing mail' : 'Transactional mail';
  return said.length === 0 ? (rule.messageClass === null ? 'All mail' : mail) : `${mail} ${said.join(', ')}`;
}

const domainWords = (pattern: string): string =>
  pattern.startsWith('*.') ? `anything below ${pattern.slice(2)}` : pattern;
