/** The judge's only door: observations or evidence in, explained verdicts out. Pure: no I/O, no clock, no chance. */
export type { Client, ClientKind } from './client.ts';
export { type AutonomousSystem, autonomousSystems, classOfAsn } from './data/autonomous-systems.ts';
export { type Gateway, gatewayOf } from './data/gateways.ts';
export { builtInLists } from './data/networks.ts';
export { type Evidence, gatherEvidence, type KeyOf } from './evidence.ts';
export { type JudgeOptions, judgeSequence, rulesetWithout, SEQUENCE_LIMIT } from './judge.ts';
export { builtInNetworks, judge, withBuiltIn } from './judge-batch.ts';
export { buildNetworks, type NetworkClass, type NetworkList, type NetworkMatch, type Networks } from './networks.ts';
export type { Observation, ObservedHeaders } from './observation.ts';
export { RULESET, rules } from './rules/index.ts';
export type { Family, Rule, Strength } from './rules/rule.ts';
export { toldRecipients } from './told-recipients.ts';
export { classOf, countsAs, type Reason, seenBy, type Verdict, type VerdictClass, type View } from './verdict.ts';
