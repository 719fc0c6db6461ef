/** How the console speaks of emergency accesses. */
import type { EmergencyAccessBody, EmergencyCategory } from '../../../../src/contract/emergency.ts';

export const categoryNames: Readonly<Record<EmergencyCategory, string>> = {
  treatment: 'A patient’s treatment',
  patient_request: 'A patient asked',
  safety: 'Somebody’s safety',
  outage: 'Something failed, or nobody else was there',
  legal: 'The law or a court asks',
  other: 'Something else',
};

export const permissionNames: Readonly<Record<EmergencyAccessBody['permissions'][number], string>> = {
  'messages.read': 'Messages, recipients and events',
  'reports.read': 'Reports',
  'settings.read': 'Settings',
};

const endWords: Readonly<Record<NonNullable<EmergencyAccessBody['endedBy']>, string>> = {
  time: 'Ended by itself',
  user: 'Ended by whoever opened it',
  reviewer: 'Ended by a reviewer',
  session: 'Ended with the session',
};

export const outcomeNames = { justified: 'Justified', not_justified: 'Not justified' } as const;

export function stateWords({ isOpen, review }: EmergencyAccessBody): string {
  if (isOpen) return 'Open now';
  if (review !== null) return outcomeNames[review.outcome];
  return 'Waits for a review';
}

export const endedWords = ({ endedBy }: EmergencyAccessBody): string =>
  endedBy === null ? 'Open now' : endWords[endedBy];

const actionNames: Readonly<Record<string, string>> = {
  'message.read': 'Read a message',
  'messages.listed': 'Listed messages',
  'recipients.listed': 'Listed recipients',
  'report.read': 'Read a report',
  'flips.listed': 'Listed changed verdicts',
  'emergency.ended': 'Ended the emergency access',
  'session.proved': 'Proved who they are',
  'session.ended': 'Signed out',
};

/** Actions that are rare keep the name that the audit log gives them. */
export const actionWords = (action: string): string => actionNames[action] ?? action;
