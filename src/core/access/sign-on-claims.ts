/**
 * Judges what an identity provider says of somebody: whether a second factor was used, whether the address may be
 * believed, and which place in the organisation they get. It knows neither tokens nor users.
 */

export type Claims = Readonly<Record<string, unknown>>;

export interface SignOnPlace<Role extends string> {
  readonly role: Role;
  readonly departmentId: string | null;
}

export interface SignOnTerms<Role extends string> {
  readonly issuer: string;
  /** In lower case. */
  readonly domains: readonly string[];
  /** Whether addresses count as verified without the provider's word for it. */
  readonly trustsAddresses: boolean;
  readonly secondFactor: { readonly claim: 'amr' | 'acr'; readonly value: string } | null;
  /** Null: the provider has no say in roles. */
  readonly roleClaim: string | null;
  /** The first that fits counts. */
  readonly roleRules: readonly (SignOnPlace<Role> & { readonly value: string })[];
  /** For whom no rule fits; null: they are refused. */
  readonly otherwise: SignOnPlace<Role> | null;
}

export const googleIssuer = 'https://accounts.google.com';

const textsOf = (value: unknown): string[] =>
  (Array.isArray(value) ? value : [value]).filter((one) => typeof one === 'string');

/** `amr` is a list, `acr` one value. OIDC Core §2, RFC 8176 */
export function hasSecondFactor(claims: Claims, { secondFactor }: Pick<SignOnTerms<string>, 'secondFactor'>): boolean {
  return secondFactor === null || textsOf(claims[secondFactor.claim]).includes(secondFactor.value);
}

export const domainOf = (email: string): string => email.slice(email.lastIndexOf('@') + 1).toLowerCase();

export type JudgedAddress =
  | { readonly kind: 'verified'; readonly email: string }
  | { readonly kind: 'refused'; readonly why: 'unverified' | 'not_served' };

const addressShape = /^[^\s@]{1,64}@[^\s@]{1,253}$/;

/** Whether somebody may be recognised by their address the first time. */
export function judgeAddress(claims: Claims, terms: SignOnTerms<string>): JudgedAddress {
  const { email, email_verified: isVerified } = claims;
  if (typeof email !== 'string' || email.length > 254 || !addressShape.test(email))
    return { kind: 'refused', why: 'unverified' };
  // A boolean by OIDC Core §5.1; some providers write it as text.
  const isBelieved =
    isVerified === true || isVerified === 'true' || (terms.trustsAddresses && isVerified === undefined);
  if (!isBelieved) return { kind: 'refused', why: 'unverified' };
  if (!terms.domains.includes(domainOf(email)) || !isOfHost(claims, email, terms))
    return { kind: 'refused', why: 'not_served' };
  return { kind: 'verified', email };
}

/**
 * Anybody can make a Google account for an address of another domain, and keep it when the address is gone; `hd` says that
 * the domain's owner manages it. https://developers.google.com/identity/openid-connect/openid-connect#an-id-tokens-payload
 */
const isOfHost = (claims: Claims, email: string, { issuer }: Pick<SignOnTerms<string>, 'issuer'>): boolean =>
  issuer !== googleIssuer || (typeof claims.hd === 'string' && claims.hd.toLowerCase() === domainOf(email));

/** A claim by its whole name, or by a path of names such as `realm_access.roles`. */
function claimAt(claims: Claims, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name];
  let found: unknown = claims;
  for (const part of name.split('.')) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, part)) return undefined;
    found = (found as Claims)[part];
  }
  return found;
}

export const hasClaim = (claims: Claims, name: string): boolean => claimAt(claims, name) !== undefined;

export type JudgedPlace<Role extends string> =
  | { readonly kind: 'place'; readonly place: SignOnPlace<Role> }
  | { readonly kind: 'refused'; readonly why: 'no_rule_fits' };

export function judgePlace<Role extends string>(claims: Claims, terms: SignOnTerms<Role>): JudgedPlace<Role> {
  const values = terms.roleClaim === null ? [] : textsOf(claimAt(claims, terms.roleClaim));
  const rule = terms.roleRules.find((one) => values.includes(one.value));
  const place = rule ?? terms.otherwise;
  if (place === null) return { kind: 'refused', why: 'no_rule_fits' };
  return { kind: 'place', place: { role: place.role, departmentId: place.departmentId } };
}

/** What to call somebody new: never longer than a name may be. */
export function nameOf(claims: Claims, email: string): string {
  const parts = [claims.given_name, claims.family_name].filter((one) => typeof one === 'string');
  const names = [claims.name, parts.join(' '), claims.preferred_username, email.split('@')[0]];
  const name = names.find((one) => typeof one === 'string' && one.trim() !== '');
  return String(name ?? email)
    .trim()
    .slice(0, 100);
}
