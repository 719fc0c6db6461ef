/** A chat or network drew a preview: nobody clicked, but somebody shared the message. */
import type { MachineRule } from './rule.ts';

export const linkPreview: MachineRule = {
  id: 'link-preview',
  says: 'machine',
  family: 'agent',
  kinds: ['open', 'click'],
  needs: 'hit',
  strengths: ['certain'],
  text: 'A chat or social network fetched a preview: the message was shared there, nobody clicked.',
  source: "Makers' documents of Slack, Teams, WhatsApp, Telegram, Discord, Facebook; next-auth#1840",
  find: (hit) =>
    hit.client.kind === 'link-preview'
      ? { strength: 'certain', text: linkPreview.text, actor: 'link-preview' }
      : undefined,
};
