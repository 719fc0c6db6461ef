/** An account for a test, made as the program makes them. */
import { createAccount, type NewAccount } from '../../src/accounts/index.ts';
import type { World } from '../../src/platform/world.ts';

export const createTestAccount = (
  world: Pick<World, 'db' | 'vault' | 'clock'>,
  name = 'Example Clinic',
): Promise<NewAccount> => createAccount(world, { name, actor: { kind: 'system', id: 'test' } });
