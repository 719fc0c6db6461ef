/** The message that is sent in benchmarks: an invented newsletter of about 5 kB with eight links. */
const paragraph = (n: number): string =>
  `<p style="margin: 0 0 16px; font: 15px/1.5 Helvetica, Arial, sans-serif; color: #234">Dear patient, this is part ${n} of an invented letter about staying well in winter: drink enough, walk a little every day, and ask us whatever you want to know.<br>\r\n<a href="https://clinic.example/letter/part-${n}?from=letter&amp;week=47" style="color: #0b6e6e">Read on about part ${n}</a></p>\r\n`;

export const letter = Buffer.from(
  [
    'From: Clinic <care@clinic.example>',
    'To: Patient <patient@example.org>',
    'Subject: Staying well in winter',
    'Date: Sun, 22 Nov 2026 08:00:00 +0000',
    'Message-ID: <bench@clinic.example>',
    'MIME-Version: 1.0',
    'X-Waxwing-Campaign: winter',
    'Content-Type: text/html; charset=utf-8',
    'Content-Transfer-Encoding: 8bit',
    '',
    `<html><body>\r\n${Array.from({ length: 11 }, (_, n) => paragraph(n % 8)).join('')}</body></html>`,
    '',
  ].join('\r\n'),
);
