/** What each provider is called, what it signs with, and the steps in its own settings. After docs/providers.md. */
import type { ProviderConnection } from '../../../src/contract/providers.ts';

export type ProviderName = ProviderConnection['provider'];

interface KeyWords {
  readonly label: string;
  readonly hint: string;
}

interface ProviderWords {
  readonly name: string;
  /** Null where the provider does not sign. */
  readonly key: KeyWords | null;
  /** Where the provider wants user and password: in fields of their own, or inside the address. */
  readonly passwordIn: 'fields' | 'address';
  readonly steps: readonly [string, string];
}

export const providers: Readonly<Record<ProviderName, ProviderWords>> = {
  sendgrid: {
    name: 'SendGrid',
    key: {
      label: 'Verification key',
      hint: 'SendGrid shows it once Signed Event Webhook is on. You can add it later.',
    },
    passwordIn: 'address',
    steps: [
      'Settings → Mail Settings → Event Webhooks: paste the address and choose all delivery and engagement events.',
      'Switch on Signed Event Webhook and give its verification key to Waxwing.',
    ],
  },
  mailgun: {
    name: 'Mailgun',
    key: { label: 'HTTP webhook signing key', hint: 'Mailgun shows it under Sending → Webhooks.' },
    passwordIn: 'address',
    steps: [
      'Sending → Webhooks: add the address for accepted, delivered, opened and clicked.',
      'Add it for temporary and for permanent failure too.',
    ],
  },
  postmark: {
    name: 'Postmark',
    key: null,
    passwordIn: 'fields',
    steps: [
      'Message stream → Webhooks: paste the address, and user and password under Basic auth credentials.',
      'Choose Delivery, Bounce, Open and Link Click.',
    ],
  },
  ses: {
    name: 'Amazon SES',
    key: {
      label: 'ARN of the SNS topic',
      hint: 'Such as arn:aws:sns:eu-central-1:123456789012:mail. Without it the first topic that proves itself is taken.',
    },
    passwordIn: 'address',
    steps: [
      'Configuration set → event destination → SNS topic, with Send, Delivery, Delivery delay, Bounce, Reject, Open and Click.',
      'Subscribe the address to the topic by HTTPS. Waxwing confirms it by itself. Only for raw message delivery, use the address with the password.',
    ],
  },
  sparkpost: {
    name: 'SparkPost',
    key: null,
    passwordIn: 'fields',
    steps: [
      'Webhooks → new webhook: paste the address and choose basic authentication with user and password.',
      'Choose all message, engagement and generation events.',
    ],
  },
  resend: {
    name: 'Resend',
    key: {
      label: 'Signing secret',
      hint: 'It begins with whsec_. Resend shows it with the webhook; you can add it later.',
    },
    passwordIn: 'address',
    steps: [
      'Webhooks → Add: paste the address and choose all email events.',
      'Give the signing secret that Resend then shows to Waxwing.',
    ],
  },
  mandrill: {
    name: 'Mailchimp Transactional (Mandrill)',
    key: { label: 'Webhook key', hint: 'Mandrill shows it once the webhook is made. You can add it later.' },
    passwordIn: 'address',
    steps: [
      'Settings → Webhooks: paste the address exactly as it is here and choose all message events.',
      'Give the webhook’s key that Mandrill then shows to Waxwing.',
    ],
  },
};

/** `https://user:password@host/…`, for providers that have no fields for them. */
export function addressWithPassword(url: string, user: string, password: string): string {
  const address = new URL(url);
  address.username = user;
  address.password = password;
  return address.href;
}

export const proofWords: Readonly<Record<ProviderConnection['checks'], string>> = {
  signature: 'Only calls that the provider signed are taken',
  'basic-auth': 'Calls show a password',
  'signature-or-basic-auth': 'Calls are signed by Amazon, or show a password',
};
