/** What an alert mail says: that something happened, when, and where to look. Never of whom, of which message, or why. */

export interface TellableAlert {
  readonly what: string;
  readonly at: Date;
  /** Whoever reads the mail is whom the alert is about. */
  readonly isOwn: boolean;
}

export interface MailWords {
  readonly subject: string;
  readonly text: string;
}

interface Told {
  readonly subject: string;
  readonly happened: string;
  readonly ask: string;
  readonly path: string;
}

const elsewhere: Told = {
  subject: 'something to look at',
  happened: 'There is something to look at',
  ask: 'Please look at it in the console.',
  path: '/trust/alerts',
};

const ownSignIn: Told = {
  subject: 'a sign-in from a new place',
  happened: 'Somebody signed in as you from a browser or network that was not seen before',
  ask: 'If it was you, there is nothing to do. If not, end that session and tell an owner at once.',
  path: '/me',
};

const told: Readonly<Record<string, Told>> = {
  unusual_sign_in: {
    subject: 'a sign-in from a new place',
    happened: 'A user signed in from a browser or network that was not seen before',
    ask: 'Please ask whether it was them.',
    path: '/trust/alerts',
  },
  installation_link_used: {
    subject: 'a sign-in by an installation link',
    happened: 'Somebody signed in by an installation link, without being a user',
    ask: 'Please find out who asked for the link on the server.',
    path: '/trust/alerts',
  },
  emergency_opened: {
    subject: 'emergency access was opened',
    happened: 'A user opened emergency access, which reaches beyond their role',
    ask: 'What is read and done under it is written down. Please look at it, end it if it should not be, and review it.',
    path: '/trust/emergency',
  },
  emergency_unreviewed: {
    subject: 'an emergency access waits for its review',
    happened: 'An emergency access has not been reviewed yet',
    ask: 'Please say whether it was justified.',
    path: '/trust/emergency',
  },
  sso_domain_lost: {
    subject: 'the proof of a domain is gone',
    happened: 'The record that shows a domain of single sign-on to be yours is no longer seen in the DNS',
    ask: 'Please have it published again: a week after it was last seen, nobody comes in by that domain any more.',
    path: '/people/sign-on',
  },
  webhook_disabled: {
    subject: 'a webhook was switched off',
    happened:
      'A webhook was switched off, because nothing it was told was taken for three days or it asked for no more',
    ask: 'Please have its receiver looked at. Switched on again, it is told what it missed.',
    path: '/settings/webhooks',
  },
};

const momentOf = (at: Date): string => `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`;

const footer = 'You get this mail because of your role in Waxwing. It names nobody on purpose.';

/** `consoleUrl`: null where the installation does not know its own address. */
export function wordsOf({ what, at, isOwn }: TellableAlert, consoleUrl: string | null): MailWords {
  const { subject, happened, ask, path } = what === 'unusual_sign_in' && isOwn ? ownSignIn : (told[what] ?? elsewhere);
  return {
    subject: `Waxwing: ${subject}`,
    text: [`${happened} (${momentOf(at)}).`, ask, where(consoleUrl, path), footer].join('\n\n'),
  };
}

/** One line a kind, with how often and when last. */
export function summaryOf(alerts: readonly TellableAlert[], consoleUrl: string | null): MailWords {
  const kinds = [...new Set(alerts.map(({ what }) => what))];
  const lines = kinds.map((what) => {
    const some = alerts.filter((one) => one.what === what);
    const last = new Date(Math.max(...some.map(({ at }) => at.getTime())));
    return `- ${(told[what] ?? elsewhere).subject}: ${some.length}, the last ${momentOf(last)}`;
  });
  return {
    subject: `Waxwing: ${alerts.length} more ${alerts.length === 1 ? 'alert' : 'alerts'}`,
    text: [
      'More happened than you get single mails of within an hour:',
      lines.join('\n'),
      'For an hour you get no further mail; the console shows everything.',
      where(consoleUrl, '/trust/alerts'),
      footer,
    ].join('\n\n'),
  };
}

const where = (consoleUrl: string | null, path: string): string =>
  consoleUrl === null ? 'Open the Waxwing console.' : `${consoleUrl.replace(/\/+$/, '')}${path}`;
