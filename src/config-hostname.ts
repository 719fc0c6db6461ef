/** The name that this server gives itself, from its settings. */
import { isIP } from 'node:net';
import type { Config } from './config.ts';

export function hostnameOf(config: Pick<Config, 'hostname' | 'publicUrl'>): string {
  const host = URL.parse(config.publicUrl ?? '')?.hostname ?? '';
  return config.hostname ?? (host === '' || isIP(host.replace(/^\[|\]$/g, '')) > 0 ? 'localhost' : host);
}
