/** The places of the navigation: what each is called, who may open it, and the places inside it. */
import {
  IconAt,
  IconGavel,
  IconKey,
  IconMail,
  IconPlugConnected,
  IconReportAnalytics,
  IconSend,
  IconSettings,
  IconShieldCheck,
  IconUsers,
} from '@tabler/icons-react';
import type { Place } from '../elements/places-frame.tsx';
import { judgePlaces } from '../judge/judge-frame.tsx';
import { peoplePlaces } from '../people/people-frame.tsx';
import { sendingPlaces } from '../sending/sending-frame.tsx';
import { trustPlaces } from '../trust/trust-frame.tsx';
import type { May } from '../use-may.ts';

interface MainPlace extends Place {
  readonly Icon: typeof IconAt;
  /** It is open to whoever may open one of these; each says for itself to whom. */
  readonly inside?: readonly Place[];
}

export const mainPlaces: readonly MainPlace[] = [
  { to: '/campaigns', label: 'Campaigns', Icon: IconReportAnalytics, needs: ['reports.read'] },
  { to: '/messages', label: 'Messages', Icon: IconMail, needs: ['messages.read'] },
  { to: '/sending', label: 'Sending', Icon: IconSend, inside: sendingPlaces },
  { to: '/judge', label: 'The judge', Icon: IconGavel, inside: judgePlaces },
  { to: '/senders', label: 'Senders', Icon: IconAt, needs: ['settings.read'] },
  { to: '/providers', label: 'Providers', Icon: IconPlugConnected, needs: ['settings.read'], isOfAccount: true },
  { to: '/settings', label: 'Settings', Icon: IconSettings, needs: ['settings.read'] },
  { to: '/api-keys', label: 'API keys', Icon: IconKey, needs: ['keys.manage'] },
  { to: '/people', label: 'People', Icon: IconUsers, inside: peoplePlaces },
  { to: '/trust', label: 'Trust', Icon: IconShieldCheck, inside: trustPlaces },
];

export const isOpenTo = (may: May, place: MainPlace): boolean =>
  place.inside === undefined ? may(place) : place.inside.some(may);

/** Where somebody arrives who named no page: of each place, what is inside it. */
export const landingPlaces: readonly Place[] = mainPlaces.flatMap((place) => place.inside ?? [place]);
