/**
 * Reads how an operator names relays: `smtp://host:port?weight=3&priority=10`, several with commas between them. It opens
 * no file.
 */
import type { RelayHost } from './mail-route.ts';

export interface Smarthost extends Omit<RelayHost, 'id' | 'login' | 'pin'> {
  /** A file with user and password; `none`: no sign-in; undefined: as for all. */
  readonly authFile: string | undefined;
  /** Undefined: as for all. */
  readonly pin: string | undefined;
}

export const smarthostsAtMost = 20;
export const usualPriority = 10;
export const usualWeight = 1;
export const mostPriority = 1_000;
export const mostWeight = 1_000;
const defaultPorts: Readonly<Record<string, number>> = { 'smtp:': 25, 'smtps:': 465 };
const ownParts = ['weight', 'priority', 'auth', 'pin'];

/** Undefined: not of this form. */
export function readSmarthosts(text: string): readonly Smarthost[] | undefined {
  const read = text.split(',').map((one) => readSmarthost(one.trim()));
  const hosts = read.filter((one) => one !== undefined);
  return hosts.length === read.length && hosts.length <= smarthostsAtMost ? hosts : undefined;
}

function readSmarthost(text: string): Smarthost | undefined {
  const url = /^smtps?:\/\//.test(text) && URL.canParse(text) ? new URL(text) : null;
  if (url === null || url.hostname === '' || url.username !== '' || url.password !== '') return undefined;
  if (!/^\/?$/.test(url.pathname) || url.hash !== '') return undefined;
  const parts = partsOf(url.search);
  if ([...parts.keys()].some((name) => !ownParts.includes(name))) return undefined;
  const weight = within(parts.get('weight'), usualWeight, 1, mostWeight);
  const priority = within(parts.get('priority'), usualPriority, 0, mostPriority);
  const pin = parts.get('pin')?.toLowerCase();
  const port = url.port === '' ? (defaultPorts[url.protocol] ?? 25) : Number(url.port);
  if (weight === undefined || priority === undefined || port === 0) return undefined;
  if ((pin !== undefined && !/^[0-9a-f]{64}$/.test(pin)) || parts.get('auth') === '') return undefined;
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    ...{ port, priority, weight, pin, authFile: parts.get('auth') },
    tls: url.protocol === 'smtps:' ? 'implicit' : 'starttls',
  };
}

/** `?name=value&…`, each value percent-decoded where it can be. */
function partsOf(search: string): ReadonlyMap<string, string> {
  const pairs = search.replace(/^\?/, '').split('&');
  return new Map(
    pairs
      .filter((pair) => pair !== '')
      .map((pair) => {
        const at = pair.includes('=') ? pair.indexOf('=') : pair.length;
        return [pair.slice(0, at), decoded(pair.slice(at + 1))];
      }),
  );
}

function decoded(text: string): string {
  return text.replace(/(%[0-9a-f]{2})+/gi, (run) =>
    new TextDecoder().decode(Uint8Array.from(run.slice(1).split('%'), (two) => Number.parseInt(two, 16))),
  );
}

function within(text: string | undefined, absent: number, min: number, max: number): number | undefined {
  if (text === undefined) return absent;
  const value = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
  return value >= min && value <= max ? value : undefined;
}
