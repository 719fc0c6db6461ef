/** The names that this server gives itself, from its settings. */
import { isIP } from 'node:net';
import type { Config } from './config.ts';
import { isPublicAddress } from './platform/public-address.ts';

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

/** What looking at sender domains needs to know of the addresses and the name that mail leaves from. */
export const sendersOptions = (config: Config) => ({
  ...config,
  sendingAddresses: config.sendingAddresses ?? publicSources(config),
  hostname: hostnameOf(config),
  hasSmarthost: config.smarthost !== undefined,
});

/** Behind an address translation receivers see others, which only the operator knows. */
function publicSources({ sourceAddresses = [] }: Config): readonly string[] | undefined {
  const addresses = sourceAddresses.map(({ address }) => address);
  return addresses.length > 0 && addresses.every(isPublicAddress) ? addresses : undefined;
}
