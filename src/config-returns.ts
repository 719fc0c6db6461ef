/** Settings of what comes back, and of what is reported to others. */
import { hostname, mailAddress, port } from './config-forms.ts';
import { setting } from './config-setting.ts';

export const returnSettings = {
  bouncePort: setting({
    name: 'WAXWING_BOUNCE_PORT',
    form: port,
    absent: undefined,
    absentMeans: 'no such listener',
    about:
      'Where mail that comes back is taken, by SMTP, in a process with the role smtp. The MX of `WAXWING_BOUNCE_DOMAIN` leads here. See [bounces](bounces.md).',
  }),
  bounceDomain: setting({
    name: 'WAXWING_BOUNCE_DOMAIN',
    form: hostname,
    absent: undefined,
    absentMeans: 'the envelope sender stays as submitted',
    about:
      'The domain of envelope senders: each recipient’s copy leaves with an address of its own there, so that what comes back says whose it was. See [bounces](bounces.md).',
  }),
  tlsReportsFrom: setting({
    name: 'WAXWING_TLS_REPORTS_FROM',
    form: mailAddress,
    absent: undefined,
    absentMeans: 'none are sent',
    about:
      'The address that daily reports about TLS (RFC 8460) come from, and the contact they name. Its domain must be a verified sender domain that signs. See [TLS reports](tls-reports.md).',
  }),
};
