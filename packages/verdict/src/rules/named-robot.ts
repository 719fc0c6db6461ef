/** The agent says itself that it is a robot, an HTTP library, a link checker or a browser without a person. */
import type { MachineRule } from './rule.ts';

export const namedRobot: MachineRule = {
  id: 'named-robot',
  says: 'machine',
  family: 'agent',
  kinds: ['open', 'click'],
  needs: 'hit',
  strengths: ['certain'],
  text: 'The agent names itself a robot, a program library, a link checker or an automated browser.',
  source: "mssola/user_agent#54, #71; makers' documents; mail proxies and mail clients taken out (mautic#16069)",
  find: (hit) =>
    hit.client.kind === 'robot' ? { strength: 'certain', text: namedRobot.text, actor: 'robot' } : undefined,
};
