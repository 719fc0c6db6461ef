/** Which domains the Sender field names: mail programs show "on behalf of" by it (RFC 5322 §3.6.2). It judges none of them. */
import { comparableAddress, domainOf, parseAddressList } from './addresses.ts';
import { fieldsNamed, fieldValue } from './header-fields.ts';
import { decodeHeaderText } from './header-text.ts';
import { type MessageRefusal, refuse } from './limits.ts';
import type { ReadMessage } from './read-message.ts';

/** One address is all that may stand there; some programs write more. */
const domainsAtMost = 5;

export function readSenderDomains(message: ReadMessage): readonly string[] | MessageRefusal {
  const values = fieldsNamed(message.root.fields, 'sender').map((field) => fieldValue(message.octets, field));
  const domains = new Set(values.flatMap(addressesOf).map((address) => domainOf(comparableAddress(address))));
  domains.delete('');
  return domains.size > domainsAtMost
    ? refuse('message.header_malformed', 'The Sender field names more than five domains.')
    : [...domains];
}

/** Of a field that is not well formed: everything that a mail program could take for an address. */
function addressesOf(value: string): string[] {
  const parsed = parseAddressList(value);
  if (parsed.kind === 'addresses') return parsed.mailboxes.map(({ address }) => address);
  const text = decodeHeaderText(value).replaceAll(/\([^()]*\)/g, '');
  return [...text.matchAll(/@\s*([^\s<>@,;:"()[\]\\]{1,255})/gu)].map(([, domain]) => `x@${domain}`);
}
