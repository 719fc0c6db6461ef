/** The console's session cookie: how it is written and read. */
import cookies from '@fastify/cookie';

/** `__Host-`: a browser takes it over TLS only, and from no other host or path. RFC 6265bis §4.1.3.2 */
const nameOf = (isSecure: boolean): string => (isSecure ? '__Host-waxwing' : 'waxwing');

export const writeSessionCookie = (isSecure: boolean, token: string, expires: Date): string =>
  cookies.serialize(nameOf(isSecure), token, {
    httpOnly: true,
    sameSite: 'strict',
    secure: isSecure,
    path: '/',
    expires,
  });

export const clearSessionCookie = (isSecure: boolean): string => writeSessionCookie(isSecure, '', new Date(0));

export function readSessionCookie(isSecure: boolean, header: string | undefined): string | undefined {
  const token = header === undefined ? undefined : cookies.parse(header)[nameOf(isSecure)];
  return token === '' ? undefined : token;
}
