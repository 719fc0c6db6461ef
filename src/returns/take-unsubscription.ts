/**
 * Unsubscribes the recipient of a copy by mail that came to the copy's own address for it, as a POST to its link does. The
 * mail itself is not kept: the address says all there is to know. It answers nobody.
 */
import { accountVault } from '../accounts/index.ts';
import { mailedWill } from '../core/unsubscribing/mailed-will.ts';
import { newId } from '../platform/ids.ts';
import type { World } from '../platform/world.ts';
import { storeUnsubscriptions } from '../tracking/index.ts';
import { findOwner } from './store.ts';

/** Whether it was taken; what is nobody's will is taken and changes nothing. */
export async function takeUnsubscription(
  world: Pick<World, 'db' | 'vault' | 'clock'>,
  handle: Uint8Array,
  mail: { readonly octets: Buffer; readonly envelopeFrom: string },
): Promise<'taken' | 'nobody'> {
  const owner = await findOwner(world.db, handle);
  if (owner === undefined) return 'nobody';
  if (mailedWill(mail.octets, mail.envelopeFrom).kind === 'none') return 'taken';
  const { accountId } = owner;
  const vault = await accountVault(world, accountId);
  const now = world.clock.now();
  const told = {
    id: newId(now),
    atMs: now.getTime(),
    subject: { kind: 'recipient', ...owner },
    will: 'mail',
  } as const;
  await world.db.asAccount(accountId, (tx) => storeUnsubscriptions(tx, { accountId, vault }, [told]));
  return 'taken';
}
