/** What an account chooses for its outgoing mail, and what a recipient has agreed to. */
import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { instant, noParams, noQuery, nothing, trackingLevel, view } from './values.ts';

export const outboundSettings = z
  .object({
    suppressAutomatedEvents: z.boolean(),
    trackOpens: z.boolean(),
    trackClicks: z.boolean(),
    trackPlainText: z.boolean(),
    trackingLevel,
    view,
    minimumTransport: z.enum(['plain', 'opportunistic', 'verified', 'authenticated']),
    requireVerifiedSender: z.boolean(),
    oneClickUnsubscribe: z.boolean().meta({
      description:
        'Add List-Unsubscribe and List-Unsubscribe-Post (RFC 8058) to marketing mail that brings none of its own.',
    }),
    feedbackId: z.enum(['off', 'opaque', 'named']).meta({
      description:
        'The Feedback-ID of marketing mail, for Gmail’s reports: none, a keyed hash of the campaign, or its name.',
    }),
    listFieldsBySmtp: z.boolean().meta({
      description:
        'Add these fields to marketing mail that comes by SMTP too; its headers stay as submitted otherwise.',
    }),
    disabledRules: z.array(z.string().max(64)).max(100).meta({
      description:
        'Ids of rules that judge nothing here; holds for hits to come, and for the past once it is judged again.',
    }),
    learnScannerHabits: z.boolean().meta({
      description: 'Learn from settled verdicts what each recipient domain’s scanner usually does, and use it.',
    }),
    honeypotLinks: z.boolean().meta({
      description: 'Put a link into HTML mail that no person can see or reach; whoever follows it is a machine.',
    }),
    keepRequestDays: z.int().min(0).max(3650).nullable().meta({
      description:
        'How long the address and agent of a hit stay readable: 0 drops them at once, null keeps them as long as the event. Judging needs neither.',
    }),
    timeZone: z
      .string()
      .max(64)
      .meta({ description: 'IANA name; days of reports. Applies to mail accepted from now on.' }),
  })
  .meta({ id: 'OutboundSettings' });
export type OutboundSettings = z.infer<typeof outboundSettings>;

const settingsEndpoint = { path: '/v1/settings/outbound', area: 'settings', params: noParams, query: noQuery } as const;

export const readOutboundSettings = endpoint({
  ...settingsEndpoint,
  name: 'readOutboundSettings',
  method: 'GET',
  summary: 'The account’s outbound settings.',
  body: nothing,
  status: 200,
  result: outboundSettings,
  problems: [],
});

export const changeOutboundSettings = endpoint({
  ...settingsEndpoint,
  name: 'changeOutboundSettings',
  method: 'PATCH',
  summary: 'Change some of the outbound settings; they hold at once and change no stored event.',
  body: outboundSettings.partial().strict(),
  status: 200,
  result: outboundSettings,
  problems: [],
});

export const trackingConsent = z.object({ email: z.string(), level: trackingLevel, updatedAt: instant });
const consentParams = z.object({ email: z.string().min(3).max(320) });

export const setTrackingConsent = endpoint({
  name: 'setTrackingConsent',
  method: 'PUT',
  path: '/v1/tracking-consents/{email}',
  summary: 'Set how far a recipient may be tracked, for good; also silences mail already sent.',
  area: 'settings',
  params: consentParams,
  query: noQuery,
  body: z.object({ level: trackingLevel }),
  status: 200,
  result: trackingConsent,
  problems: ['message.invalid_address'],
});

export const readTrackingConsent = endpoint({
  name: 'readTrackingConsent',
  accountWide: true,
  method: 'GET',
  path: '/v1/tracking-consents/{email}',
  summary: 'What a recipient has agreed to; `identified` with no date where nothing was ever said.',
  area: 'settings',
  params: consentParams,
  query: noQuery,
  body: nothing,
  status: 200,
  result: z.object({ email: z.string(), level: trackingLevel, updatedAt: instant.nullable() }),
  problems: ['message.invalid_address'],
});
