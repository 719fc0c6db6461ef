/** How the console speaks of the policies of departments: each with a name, a sentence and words for its values. */
import type { DepartmentSettings } from '../../../src/contract/departments.ts';

export type PolicyName = keyof DepartmentSettings['own'];

interface PolicyWords {
  readonly name: string;
  readonly about: string;
  /** By the value as text; in the order in which they are offered. */
  readonly values: Readonly<Record<string, string>>;
}

const strictest = 'The strictest of the organisation and all departments above holds.';
const onOff = { true: 'On', false: 'Off' };

export const policyWords: Readonly<Record<PolicyName, PolicyWords>> = {
  minimumTransport: {
    name: 'Least protection on the way',
    about: strictest,
    values: {
      plain: 'Any connection',
      opportunistic: 'Encrypted where possible',
      verified: 'Encrypted, certificate checked',
      authenticated: 'Encrypted, identity proven',
    },
  },
  requireVerifiedSender: {
    name: 'Only from verified domains',
    about: 'Required as soon as one above requires it.',
    values: { true: 'Required', false: 'Not required' },
  },
  trackingLevel: {
    name: 'How far recipients are tracked',
    about: strictest,
    values: { off: 'Not at all', anonymous: 'Counted without names', identified: 'By recipient' },
  },
  trackOpens: { name: 'Opens', about: 'Off as soon as one above says off.', values: onOff },
  trackClicks: { name: 'Clicks', about: 'Off as soon as one above says off.', values: onOff },
  trackPlainText: { name: 'Links in plain text', about: 'What is nearest holds.', values: onOff },
  honeypotLinks: { name: 'Links that no person sees', about: 'What is nearest holds.', values: onOff },
};

export const policyNames = Object.keys(policyWords) as PolicyName[];

export const valueWords = (name: PolicyName, value: unknown): string =>
  policyWords[name].values[String(value)] ?? String(value);

/** A value of a form's field; null: as inherited. */
export function ownValue(text: string): string | boolean | null {
  if (text === '') return null;
  return text === 'true' ? true : text === 'false' ? false : text;
}
