/** The campaign that the demonstration sends: one newsletter of an invented clinic, composed as such mail usually is. */
import MailComposer from 'nodemailer/lib/mail-composer/index.js';
import type { Patient } from './audience.ts';

export const campaign = 'Autumn check-up 2026';
export const sender = { name: 'Lakeside Family Clinic', address: 'care@lakeside-clinic.example' };

const site = 'https://www.lakeside-clinic.example';
const links = [
  { href: `${site}/appointments?source=autumn&step=1`, label: 'Book your check-up' },
  { href: `${site}/flu-vaccination`, label: 'Flu vaccination: walk-in times' },
  { href: `${site}/news/2026/new-paediatric-wing`, label: 'Our new paediatric wing' },
  { href: `${site}/recipes/pumpkin-soup`, label: 'A soup for November' },
  { href: `${site}/parking`, label: 'Where to park' },
  { href: 'https://www.healthy-steps.example/walks/lakeside', label: 'A walk along the lake' },
] as const;

const button = (href: string, label: string): string => `
  <!--[if mso]><v:roundrect xmlns:v="urn:schemas-microsoft-com:vml" href="${attribute(href)}" style="height:44px;width:240px" arcsize="12%" fillcolor="#1f5f5b"><center>${label}</center></v:roundrect><![endif]-->
  <!--[if !mso]><!--><a href="${attribute(href)}" style="background:#1f5f5b;color:#ffffff;border-radius:6px;padding:12px 22px;display:inline-block;text-decoration:none">${label}</a><!--<![endif]-->`;

const attribute = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('"', '&quot;');

const html = (patient: Patient): string => `<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Autumn at Lakeside</title></head>
<body style="margin:0;background:#f4f1ec;font-family:Georgia,serif;color:#2d2a26">
<table role="presentation" width="100%"><tr><td align="center">
<table role="presentation" width="600" style="background:#ffffff;padding:32px">
<tr><td>
<h1 style="font-weight:normal">Dear ${patient.name},</h1>
<p>it is time for your yearly check-up. Twenty minutes, no waiting room, and a cup of tea afterwards.</p>
${button(links[0].href, links[0].label)}
<ul>
${links
  .slice(1)
  .map(({ href, label }) => `<li><a href="${attribute(href)}">${label}</a></li>`)
  .join('\n')}
</ul>
<p style="font-size:12px">You receive this because you are our patient.
<a href="${site}/unsubscribe?list=autumn">Unsubscribe</a> · <a href="mailto:${sender.address}">Write to us</a></p>
</td></tr></table></td></tr></table>
</body></html>
`;

const text = (patient: Patient): string =>
  `Dear ${patient.name},\n\nit is time for your yearly check-up: ${links[0].href}\n\nLakeside Family Clinic\n`;

/** The MIME message for one patient, as the clinic's own software would submit it. */
export async function composeNewsletter(patient: Patient, date: Date): Promise<Buffer> {
  const mail = new MailComposer({
    from: sender,
    to: { name: patient.name, address: patient.address },
    subject: `${patient.name}, your autumn check-up`,
    date,
    text: text(patient),
    html: html(patient),
    headers: { 'X-Waxwing-Campaign': campaign, 'List-Unsubscribe': `<${site}/unsubscribe?list=autumn>` },
  });
  return mail.compile().build();
}
