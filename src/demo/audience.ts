/** The invented patients of the demonstration: where their mail is read, and what guards it. No real person is meant. */

/** How a mailbox behaves, which decides what machines and people do with a message that reaches it. */
export type Mailbox =
  | 'apple-private'
  | 'gmail'
  | 'safe-links'
  | 'proofpoint'
  | 'barracuda'
  | 'thunderbird'
  | 'yahoo'
  | 'images-off'
  | 'travelling';

export interface Patient {
  readonly name: string;
  readonly address: string;
  readonly mailbox: Mailbox;
  /** Does this person look at the message, and do they follow a link? The truth that verdicts are compared with. */
  readonly reads: boolean;
  readonly clicks: boolean;
}

interface Group {
  readonly mailbox: Mailbox;
  readonly domain: string;
  readonly mx: string;
  readonly patients: number;
  readonly readShare: number;
  readonly clickShare: number;
}

/** Shares are of the group; a clicker is always a reader. */
export const groups: readonly Group[] = [
  {
    mailbox: 'apple-private',
    domain: 'orchard.example',
    mx: 'mx01.mail.icloud.com',
    patients: 120,
    readShare: 0.42,
    clickShare: 0.13,
  },
  {
    mailbox: 'gmail',
    domain: 'meadow.example',
    mx: 'aspmx.l.google.com',
    patients: 90,
    readShare: 0.46,
    clickShare: 0.14,
  },
  {
    mailbox: 'safe-links',
    domain: 'northgate-health.example',
    mx: 'northgate-health-example.mail.protection.outlook.com',
    patients: 60,
    readShare: 0.5,
    clickShare: 0.16,
  },
  {
    mailbox: 'proofpoint',
    domain: 'mercy-hospital.example',
    mx: 'mxa-00112233.gslb.pphosted.com',
    patients: 40,
    readShare: 0.45,
    clickShare: 0.15,
  },
  {
    mailbox: 'barracuda',
    domain: 'riverside-school.example',
    mx: 'd1234.a.ess.barracudanetworks.com',
    patients: 16,
    readShare: 0.44,
    clickShare: 0.12,
  },
  {
    mailbox: 'yahoo',
    domain: 'harbour.example',
    mx: 'mta5.am0.yahoodns.net',
    patients: 20,
    readShare: 0.4,
    clickShare: 0.1,
  },
  {
    mailbox: 'thunderbird',
    domain: 'village.example',
    mx: 'mail.village.example',
    patients: 22,
    readShare: 0.5,
    clickShare: 0.2,
  },
  {
    mailbox: 'images-off',
    domain: 'village.example',
    mx: 'mail.village.example',
    patients: 12,
    readShare: 0.5,
    clickShare: 0.35,
  },
  {
    mailbox: 'travelling',
    domain: 'harbour.example',
    mx: 'mta5.am0.yahoodns.net',
    patients: 12,
    readShare: 0.6,
    clickShare: 0.4,
  },
];

const firstNames = [
  'Ana',
  'Ben',
  'Carla',
  'David',
  'Elif',
  'Farid',
  'Grace',
  'Henrik',
  'Ines',
  'Jonas',
  'Katya',
  'Liam',
  'Maya',
  'Noor',
  'Olga',
  'Pavel',
  'Quinn',
  'Rosa',
  'Samir',
  'Tilda',
  'Umut',
  'Vera',
  'Wanda',
  'Xenia',
  'Yusuf',
  'Zoe',
] as const;
const lastNames = [
  'Abel',
  'Brandt',
  'Costa',
  'Dahl',
  'Egger',
  'Fonseca',
  'Grau',
  'Holm',
  'Ivers',
  'Jansen',
  'Keller',
  'Lund',
  'Moreau',
  'Novak',
  'Oduya',
  'Petit',
  'Rossi',
  'Sato',
  'Toth',
  'Vidal',
  'Weber',
] as const;

/** The same chance generator for every run of the same seed, so that a demonstration can be repeated. */
export function seededChance(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    // mulberry32, public domain: small, even enough for a play
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** Patients of all groups, in the mixed order of a clinic's own list. */
export function inventAudience(chance: () => number): Patient[] {
  return invent(chance)
    .map((patient) => ({ patient, place: chance() }))
    .sort((a, b) => a.place - b.place)
    .map(({ patient }) => patient);
}

function invent(chance: () => number): Patient[] {
  const pick = <T>(values: readonly T[]): T => values[Math.floor(chance() * values.length)] as T;
  return groups.flatMap((group, groupNumber) =>
    Array.from({ length: group.patients }, (_, number) => {
      const [first, last] = [pick(firstNames), pick(lastNames)];
      const draw = chance();
      return {
        name: `${first} ${last}`,
        address: `${first}.${last}.${groupNumber}${number}@${group.domain}`.toLowerCase(),
        mailbox: group.mailbox,
        reads: draw < group.readShare,
        clicks: draw < group.clickShare,
      };
    }),
  );
}

/** MX answers for the audience's domains. */
export const mailExchangers: ReadonlyMap<string, string> = new Map(groups.map(({ domain, mx }) => [domain, mx]));
