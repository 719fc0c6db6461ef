/** The names that this server gives itself, from its settings. */
import { isIP } from 'node:net';
import type { Config } from './config.ts';

export function hostnameOf(config: Pick<Config, 'hostname' | 'publicUrl'>): string {
  const host = URL.parse(config.publicUrl ?? '')?.hostname ?? '';
  return config.hostname ?? (host === '' || isIP(host.replace(/^\[|\]$/g, '')) > 0 ? 'localhost' : host);
}

/** What is said in EHLO, and by which names mail for others could come back here. */
export function sendingNames(config: Config): { readonly helloName: string; readonly ownNames: readonly string[] } {
  const helloName = config.heloName ?? hostnameOf(config);
  const ofAddresses = (config.sourceAddresses ?? []).flatMap(({ heloName }) => heloName ?? []);
  return { helloName, ownNames: [...new Set([hostnameOf(config), helloName, ...ofAddresses])] };
}
