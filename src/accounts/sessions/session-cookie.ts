/** The console's session cookie: how it is written and read. Its value is one of our tokens, which need no quoting. */

/** `__Host-`: a browser takes it over TLS only, and from no other host or path. RFC 6265bis §4.1.3.2 */
const nameOf = (isSecure: boolean): string => (isSecure ? '__Host-waxwing' : 'waxwing');

export const writeSessionCookie = (isSecure: boolean, token: string, expires: Date): string =>
  `${nameOf(isSecure)}=${token}; Path=/; Expires=${expires.toUTCString()}; HttpOnly; SameSite=Strict` +
  (isSecure ? '; Secure' : '');

export const clearSessionCookie = (isSecure: boolean): string => writeSessionCookie(isSecure, '', new Date(0));

export function readSessionCookie(isSecure: boolean, header: string | undefined): string | undefined {
  const prefix = `${nameOf(isSecure)}=`;
  const pair = header?.split(/; */).find((part) => part.startsWith(prefix));
  return pair === undefined || pair === prefix ? undefined : pair.slice(prefix.length);
}
