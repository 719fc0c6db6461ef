/** What the doctor looks at, from the settings: the same for the command and for a running server. It opens nothing yet. */
import { join } from 'node:path';
import type pg from 'pg';
import { type Config, keyProvider, networkRefresh } from './config.ts';
import { hostnameOf } from './config-hostname.ts';
import { readSmarthosts } from './core/delivery/smarthosts.ts';
import { type FollowedNetworks, readNetworks } from './networks/index.ts';
import { openMasterKey } from './platform/master-key.ts';
import { openVault } from './platform/vault.ts';
import type { World } from './platform/world.ts';
import { checkWithinMs, type DoctorNeeds, examine, type Finding } from './upkeep/index.ts';

export const doctorNeeds = (
  config: Config,
  given: Pick<DoctorNeeds, 'now' | 'openServer' | 'listNetworks' | 'checkWithinMs'>,
): DoctorNeeds => ({
  ...config,
  ...given,
  hostname: hostnameOf(config),
  relays: relaysOf(config),
  certificate: {
    file: config.tlsCertFile ?? join(config.dataDir, 'submission-tls.pem'),
    hostname: hostnameOf(config),
    keyFile: config.tlsKeyFile,
    isConfigured: config.tlsCertFile !== undefined,
  },
  openVault: async () => openVault(await openMasterKey(config.keyFile, keyProvider(config))),
});

const relaysOf = ({ smarthost, smarthostAuthFile }: Config): DoctorNeeds['relays'] =>
  (smarthost === undefined ? [] : (readSmarthosts(smarthost) ?? [])).map(({ host, port, tls, authFile }) => ({
    ...{ host, port, tls },
    loginFile: authFile === 'none' ? undefined : (authFile ?? smarthostAuthFile),
  }));

/** In a running server: its own database and networks, and each check cut short, because somebody waits for the answer. */
export const serverDoctor =
  (
    config: Config,
    world: Pick<World, 'db' | 'clock' | 'log'>,
    given: { readonly connection: pg.PoolConfig; readonly networks: FollowedNetworks },
  ) =>
  (): Promise<readonly Finding[]> =>
    examine(
      doctorNeeds(config, {
        now: world.clock.now(),
        checkWithinMs,
        openServer: async () => ({ connection: given.connection, stop: async () => undefined }),
        listNetworks: async () => (await readNetworks(world, given.networks, networkRefresh(config))).lists,
      }),
    );
