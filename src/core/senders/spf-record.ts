/** Reads an SPF record (RFC 7208 §4.6, §12) into its terms. It asks nobody and judges no address. */

export type Qualifier = 'pass' | 'fail' | 'softfail' | 'neutral';

export type SpfTerm =
  | { readonly kind: 'all'; readonly qualifier: Qualifier }
  | { readonly kind: 'include' | 'exists'; readonly qualifier: Qualifier; readonly domain: string }
  | {
      readonly kind: 'a' | 'mx' | 'ptr';
      readonly qualifier: Qualifier;
      /** Null: the domain whose record it is. */
      readonly domain: string | null;
      readonly bits4: number;
      readonly bits6: number;
    }
  | { readonly kind: 'ip4' | 'ip6'; readonly qualifier: Qualifier; readonly address: string; readonly bits: number };

export interface SpfRecord {
  readonly terms: readonly SpfTerm[];
  readonly redirect: string | null;
}

const qualifiers: Readonly<Record<string, Qualifier>> = { '+': 'pass', '-': 'fail', '~': 'softfail', '?': 'neutral' };

/** RFC 7208 §4.5: the version stands alone or before a space, in any case of letters. */
export const isSpf = (text: string): boolean => /^v=spf1( |$)/i.test(text);

/** The word that cannot be read, where there is one (`permerror`, §4.6). */
export function readSpf(text: string): SpfRecord | { readonly unreadable: string } {
  const terms: SpfTerm[] = [];
  let redirect: string | null = null;
  for (const word of text.split(' ').slice(1)) {
    if (word === '') continue;
    const modifier = /^([a-z][\w.-]*)=(.*)$/i.exec(word);
    if (modifier !== null) {
      if (modifier[1]?.toLowerCase() !== 'redirect') continue; // §6: unknown modifiers are ignored
      if (redirect !== null || !modifier[2]) return { unreadable: word };
      redirect = modifier[2];
      continue;
    }
    const term = readTerm(word);
    if (term === null) return { unreadable: word };
    terms.push(term);
  }
  return { terms, redirect };
}

function readTerm(word: string): SpfTerm | null {
  const [, sign = '+', name = '', rest = ''] = /^([-+~?]?)([a-z0-9]+)(.*)$/i.exec(word) ?? [];
  const qualifier = qualifiers[sign === '' ? '+' : sign] ?? 'pass';
  switch (name.toLowerCase()) {
    case 'all':
      return rest === '' ? { kind: 'all', qualifier } : null;
    case 'include':
    case 'exists':
      return rest.length > 1 && rest.startsWith(':')
        ? { kind: name.toLowerCase() as 'include' | 'exists', qualifier, domain: rest.slice(1) }
        : null;
    case 'a':
    case 'mx':
    case 'ptr':
      return hostTerm(name.toLowerCase() as 'a' | 'mx' | 'ptr', qualifier, rest);
    case 'ip4':
      return addressTerm('ip4', qualifier, rest, /^:([\d.]+)(?:\/(\d{1,2}))?$/, 32);
    case 'ip6':
      return addressTerm('ip6', qualifier, rest, /^:([0-9a-f:.]+)(?:\/(\d{1,3}))?$/i, 128);
    default:
      return null;
  }
}

function hostTerm(kind: 'a' | 'mx' | 'ptr', qualifier: Qualifier, rest: string): SpfTerm | null {
  const found = /^(?::([^/]+))?(?:\/(\d{1,2}))?(?:\/\/(\d{1,3}))?$/.exec(rest);
  if (found === null) return null;
  const bits4 = Number(found[2] ?? 32);
  const bits6 = Number(found[3] ?? 128);
  return bits4 > 32 || bits6 > 128 ? null : { kind, qualifier, domain: found[1] ?? null, bits4, bits6 };
}

function addressTerm(
  kind: 'ip4' | 'ip6',
  qualifier: Qualifier,
  rest: string,
  form: RegExp,
  most: number,
): SpfTerm | null {
  const found = form.exec(rest);
  const bits = Number(found?.[2] ?? most);
  return found?.[1] === undefined || bits > most ? null : { kind, qualifier, address: found[1], bits };
}
