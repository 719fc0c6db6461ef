/** A person at the console without a browser: keeps a cookie, an authenticator app, and says which page asks. */
import { TOTP } from 'otpauth';
import type { Clock } from '../../src/platform/world.ts';
import { type Answer, askAt } from './answer.ts';

export interface Person {
  cookie: string;
  agent: string;
  address: string;
  ask(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
}

let persons = 0;

/** Each at an address of their own, for servers that believe a proxy on this machine. */
export function personAt(url: string): Person {
  persons += 1;
  const person: Person = {
    cookie: '',
    agent: 'Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0',
    address: `10.${(persons >> 8) & 255}.${persons & 255}.7`,
    async ask(method, path, body, headers = {}) {
      const answer = await askAt(url + path, method, body, {
        origin: url,
        'user-agent': person.agent,
        'x-forwarded-for': person.address,
        ...(person.cookie === '' ? {} : { cookie: person.cookie }),
        ...headers,
      });
      const set = answer.headers.get('set-cookie');
      if (set !== null) person.cookie = set.split(';')[0] ?? '';
      return answer;
    },
  };
  return person;
}

/** What an authenticator app shows now. */
export const codeOf = (secret: string, clock: Clock): string =>
  new TOTP({ secret }).generate({ timestamp: clock.now().getTime() });

export const tokenOf = (link: string): string => link.split('=')[1] ?? '';

/** Accepts an invitation with a password and an authenticator app; gives the app's secret and the recovery codes. */
export async function acceptByPassword(
  person: Person,
  link: string,
  password: string,
  clock: Clock,
): Promise<{ secret: string; recoveryCodes: string[] }> {
  const token = tokenOf(link);
  const { body: opened } = await person.ask('POST', '/v1/invitations/open', { token });
  const { secret, setup } = opened.totp;
  const accepted = await person.ask('POST', '/v1/invitations/accept', {
    token,
    password: { password, setup, code: codeOf(secret, clock) },
  });
  if (accepted.status !== 200) throw new Error(`not accepted: ${JSON.stringify(accepted.body)}`);
  return { secret, recoveryCodes: accepted.body.recoveryCodes };
}
