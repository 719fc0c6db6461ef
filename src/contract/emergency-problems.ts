/** The refusals of emergency access and alerts. They stand among all others in problem.ts. */
import { kind, type ProblemKind } from './problem-kind.ts';

export const emergencyProblems = {
  'emergency.needs_person': kind(
    403,
    'Emergency access is for people who are signed in.',
    'Sign in to the console as yourself: API keys and installation links neither open nor review it.',
  ),
  'emergency.not_allowed': kind(
    403,
    'The account does not let your role open emergency access.',
    'Ask an owner for what you need, or to allow emergency access for your role.',
  ),
  'emergency.open_already': kind(409, 'Emergency access is open in this session.', 'End it first, or go on under it.'),
  'emergency.not_open': kind(409, 'The emergency access has ended.', 'There is nothing to end.'),
  'emergency.still_open': kind(409, 'The emergency access is still open.', 'End it, then review it.'),
  'emergency.own': kind(403, 'It is your own emergency access.', 'Somebody else reviews it.'),
  'emergency.reviewed_already': kind(
    409,
    'The emergency access was reviewed already.',
    'The first review stands; read it with the emergency access.',
  ),
  'emergency.not_found': kind(404, 'There is no such emergency access.', 'List them to see their ids.'),
  'alert.not_found': kind(404, 'There is no such alert.', 'List the alerts to see their ids.'),
} as const satisfies Record<string, ProblemKind>;
