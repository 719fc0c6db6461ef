/** Events in plain English: a headline, and what else a reader should know. */
import type { EventBody, EventType } from '../../../src/contract/messages.ts';

const headlines: Readonly<Record<EventType, string>> = {
  accepted: 'Accepted by Waxwing',
  deferred: 'Not delivered yet, will be tried again',
  delivered: 'Delivered',
  bounced: 'Bounced: it cannot be delivered',
  delayed: 'Held up at the receiving server',
  complained: 'Called unwanted by the recipient',
  unsubscribed: 'Unsubscribed',
  'auto-replied': 'Answered by a machine',
  replied: 'A person answered',
  dropped: 'Not sent',
  opened: 'Message opened',
  clicked: 'Link clicked',
};

/** A machine neither opens nor clicks; it loads and follows. */
export function headlineOf({ type, verdict, delivery, honeypot }: EventBody): string {
  if (honeypot) return 'A machine followed a link that nobody can see';
  if (verdict?.verdict === 'automated')
    return type === 'clicked' ? 'Link followed by a machine' : 'Image loaded by a machine';
  if (type === 'delivered' && delivery?.host) return `Delivered to ${delivery.host}`;
  return headlines[type];
}

const gatewayNames: readonly (readonly [string, string])[] = [
  ['.pphosted.com', 'Proofpoint'],
  ['.mimecast.com', 'Mimecast'],
  ['.barracudanetworks.com', 'Barracuda'],
  ['.mail.protection.outlook.com', 'Microsoft 365'],
  ['.google.com', 'Google'],
  ['.iphmx.com', 'Cisco'],
  ['.messagelabs.com', 'Broadcom'],
  ['.mail.icloud.com', 'Apple'],
  ['.yahoodns.net', 'Yahoo'],
];

/** Who stands behind a mail host, where that is known. */
export function gatewayName(host: string): string | null {
  const dotted = `.${host.toLowerCase().replace(/\.$/, '')}`;
  return gatewayNames.find(([suffix]) => dotted.endsWith(suffix))?.[1] ?? null;
}
