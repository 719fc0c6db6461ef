/** Decides which mail goes first: what a person waits for before what is sent to many. */

export type MessageClass = 'transactional' | 'marketing';

/** As the message says; one of a campaign is marketing unless it says otherwise. */
export const classOf = (asked: MessageClass | undefined, hasCampaign: boolean): MessageClass =>
  asked ?? (hasCampaign ? 'marketing' : 'transactional');

/** Lower goes first. */
export const priorityOf = (messageClass: MessageClass): number => (messageClass === 'transactional' ? 0 : 1);

/** Marketing keeps so much of the places: a flood of the other must not stop it for ever. */
const marketingPart = 1 / 8;

/** How many places each gets of those that are free, by how many wait. What one leaves, the other takes. */
export function shareRoom(
  waiting: { readonly transactional: number; readonly marketing: number },
  room: number,
): { readonly transactional: number; readonly marketing: number } {
  const kept = Math.min(waiting.marketing, Math.ceil(room * marketingPart));
  const transactional = Math.min(waiting.transactional, Math.max(room - kept, room > 1 ? 0 : 1));
  return { transactional, marketing: Math.min(waiting.marketing, Math.max(room - transactional, 0)) };
}
