/** The forms that a setting's value may have: what each expects, in words, and how it is read. */
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import ipaddr from 'ipaddr.js';
import type { SourceAddress } from './core/delivery/mail-route.ts';
import { readSmarthosts } from './core/delivery/smarthosts.ts';
import { isInnerUrl } from './core/networks/list-url.ts';

export interface Form<Value> {
  /** Completes the sentence "… is not …". */
  readonly expects: string;
  /** Undefined: not of this form. */
  readonly parse: (text: string) => Value | undefined;
}

const wholeNumber = (text: string): number | undefined => (/^\d{1,15}$/.test(text) ? Number(text) : undefined);

const within = (text: string, min: number, max: number): number | undefined => {
  const value = wholeNumber(text);
  return value !== undefined && value >= min && value <= max ? value : undefined;
};

export const port: Form<number> = {
  expects: 'a port from 0 to 65535',
  parse: (text) => within(text, 0, 65_535),
};

export const count = (min: number, max: number): Form<number> => ({
  expects: `a whole number from ${min} to ${max}`,
  parse: (text) => within(text, min, max),
});

export const byteCount = (min: number, max: number): Form<number> => ({
  expects: `a number of bytes from ${min} to ${max}`,
  parse: (text) => within(text, min, max),
});

export const path: Form<string> = {
  expects: 'a path',
  parse: (text) => (text.includes('\0') ? undefined : resolve(text)),
};

export const address: Form<string> = {
  expects: 'an IP address or `localhost`',
  parse: (text) => (text === 'localhost' || isIP(text) > 0 ? text : undefined),
};

export const addresses: Form<readonly string[]> = {
  expects: 'a comma list of IP addresses',
  parse(text) {
    const list = text.split(',').map((one) => one.trim());
    return list.every((one) => isIP(one) > 0) ? list : undefined;
  },
};

export const hostname: Form<string> = {
  expects: 'a host name such as mail.clinic.example',
  parse: (text) =>
    /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/i.test(text) ? text : undefined,
};

export const mailAddress: Form<string> = {
  expects: 'an address such as tls-reports@clinic.example',
  parse: (text) =>
    /^[a-z0-9._%+-]{1,64}@(?=.{3,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$/i.test(text)
      ? text.toLowerCase()
      : undefined,
};

export const oneOf = <Choice extends string>(choices: readonly Choice[]): Form<Choice> => ({
  expects: `one of ${choices.join(', ')}`,
  parse: (text) => choices.find((choice) => choice === text),
});

export const printable = (min: number, max: number): Form<string> => ({
  expects: `${min} to ${max} printable ASCII characters without spaces`,
  parse: (text) => (/^[\x21-\x7e]+$/.test(text) && text.length >= min && text.length <= max ? text : undefined),
});

/** The text as it came, without a slash at the end. */
export const url = (protocols: readonly string[]): Form<string> => ({
  expects: `a URL that begins with ${protocols.map((protocol) => `\`${protocol}//\``).join(' or ')}`,
  parse: (text) => (protocols.includes(URL.parse(text)?.protocol ?? '') ? text.replace(/\/+$/, '') : undefined),
});

/** The text as it came: whoever uses it reads it again. */
export const smtpUrls: Form<string> = {
  expects:
    '`smtp://host:port` or `smtps://host:port`, or up to 20 of them with commas between, each with `?priority=`, `&weight=`, `&auth=` and `&pin=` if needed',
  parse: (text) => (readSmarthosts(text) === undefined ? undefined : text),
};

export const sources: Form<readonly SourceAddress[]> = {
  expects:
    'a comma list of IP addresses, each with `=` and its host name if it has one, as 192.0.2.5=mail1.clinic.example',
  parse(text) {
    const items = list(text).map((item) => item.split('='));
    const read = items.map(([one = '', name]) => ({ address: one, heloName: name ?? null }));
    const isRight = items.every(
      ([one = '', name, more]) =>
        isIP(one) > 0 && more === undefined && (name === undefined || hostname.parse(name) !== undefined),
    );
    return isRight && read.length > 0 && new Set(items.map(([one]) => one)).size === items.length ? read : undefined;
  },
};

/** In hexadecimal, however it was written. */
export const sha256: Form<string> = {
  expects: 'a SHA-256 digest: 64 hexadecimal digits or 44 characters of base64',
  parse: (text) => {
    if (/^[0-9a-f]{64}$/i.test(text)) return text.toLowerCase();
    return /^[A-Za-z0-9+/]{43}=$/.test(text) ? Buffer.from(text, 'base64').toString('hex') : undefined;
  },
};

/** `off`, or where a list is fetched: over https, or from this machine or an own network, as any reader on the way could change it. */
export const listUrl: Form<string> = {
  expects: '`off`, an `https://` URL, or an `http://` URL of this machine or a private address',
  parse: (text) => {
    if (text === 'off') return text;
    const parsed = URL.parse(text);
    if (parsed === null || parsed.username !== '' || parsed.password !== '') return undefined;
    return parsed.protocol === 'https:' || (parsed.protocol === 'http:' && isInnerUrl(text)) ? text : undefined;
  },
};

/** Where secrets are sent: over https, or to this machine or an own network. */
export const innerUrl: Form<string> = {
  expects: 'an `https://` URL, or an `http://` URL of this machine or a private address',
  parse: (text) => (text === 'off' ? undefined : listUrl.parse(text)?.replace(/\/+$/, '')),
};

/** Undefined stands for a value that is not of this form, so `off` is 0. */
export const hoursOrOff = (min: number, max: number): Form<number> => ({
  expects: `a whole number of hours from ${min} to ${max}, or \`off\``,
  parse: (text) => (text === 'off' ? 0 : within(text, min, max)),
});

const list = (text: string): string[] =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');

/** A network, or a single address. */
export const cidrs: Form<readonly string[]> = {
  expects: 'a comma list of networks such as 10.0.0.0/8',
  parse: (text) => {
    const items = list(text);
    return items.every((item) => ipaddr.isValidCIDR(item) || isIP(item) > 0) ? items : undefined;
  },
};

export const hostAndPorts: Form<readonly string[]> = {
  expects: 'a comma list of addresses such as 192.0.2.53 or 192.0.2.53:5353',
  parse: (text) => {
    const items = list(text);
    const isServer = (item: string): boolean =>
      isIP(item) > 0 || /^(\d+\.\d+\.\d+\.\d+|\[[0-9a-f:]+\]):\d{1,5}$/i.test(item);
    return items.length > 0 && items.every(isServer) ? items : undefined;
  },
};

type RoleName = 'web' | 'edge' | 'worker' | 'smtp';
const everyRole: readonly RoleName[] = ['web', 'edge', 'worker', 'smtp'];

export const roles: Form<readonly RoleName[]> = {
  expects: '`all`, or a comma list of web, edge, worker, smtp',
  parse: (text) => {
    const items = list(text);
    if (items.length === 1 && items[0] === 'all') return everyRole;
    const known = everyRole.filter((role) => items.includes(role));
    return items.length > 0 && items.every((item) => everyRole.some((role) => role === item)) ? known : undefined;
  },
};
