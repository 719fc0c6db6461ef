/**
 * Decides by which route a recipient’s copy goes out: the first of an account’s rules that fits in all it asks for, from
 * the top. It says why in a sentence. Where none fits, the installation’s own way holds.
 */
import type { MessageClass } from './message-class.ts';

export interface RouteRule<Route> {
  readonly id: string;
  readonly route: Route;
  /** `example.org`, or `*.example.org` for all below it and not itself. Null: any. */
  readonly recipientDomain: string | null;
  readonly senderDomain: string | null;
  /** Of mail of this department and of all below it. Null: any. */
  readonly departmentId: string | null;
  readonly messageClass: MessageClass | null;
}

export interface RoutedMail {
  readonly recipientDomain: string;
  readonly senderDomain: string;
  /** The mail’s department and all above it; none: the account’s own mail. */
  readonly departmentIds: readonly string[];
  readonly messageClass: MessageClass;
}

export interface ChosenRoute<Route> {
  /** Null: the installation’s own way. */
  readonly route: Route | null;
  readonly ruleId: string | null;
  readonly why: string;
}

/** In the order of their places; two never have the same one. */
export function chooseRoute<Route extends { readonly name: string }>(
  rules: readonly RouteRule<Route>[],
  mail: RoutedMail,
): ChosenRoute<Route> {
  const place = rules.findIndex((rule) => fits(rule, mail));
  const rule = rules[place];
  if (rule === undefined) return { route: null, ruleId: null, why: whyNone(rules.length) };
  const why = `Rule ${place + 1} of ${rules.length} (${conditionsOf(rule)}) sends it by “${rule.route.name}”.`;
  return { route: rule.route, ruleId: rule.id, why };
}

const whyNone = (rules: number): string =>
  rules === 0
    ? 'The account has no rules for routes: the installation’s own way holds.'
    : `None of the account’s ${rules} rules fits: the installation’s own way holds.`;

function fits<Route>(rule: RouteRule<Route>, mail: RoutedMail): boolean {
  return (
    (rule.messageClass === null || rule.messageClass === mail.messageClass) &&
    (rule.departmentId === null || mail.departmentIds.includes(rule.departmentId)) &&
    (rule.recipientDomain === null || matchesDomain(rule.recipientDomain, mail.recipientDomain)) &&
    (rule.senderDomain === null || matchesDomain(rule.senderDomain, mail.senderDomain))
  );
}

/** Both in ASCII form; letters count the same in either case. */
export function matchesDomain(pattern: string, domain: string): boolean {
  const [wanted, given] = [pattern.toLowerCase(), domain.toLowerCase().replace(/\.$/, '')];
  if (!wanted.startsWith('*.')) return wanted === given;
  return given.endsWith(wanted.slice(1)) && given.length > wanted.length - 1;
}

function conditionsOf<Route>(rule: RouteRule<Route>): string {
  const said = [
    rule.recipientDomain === null ? '' : `recipient domain ${rule.recipientDomain}`,
    rule.senderDomain === null ? '' : `sender domain ${rule.senderDomain}`,
    rule.departmentId === null ? '' : 'mail of a department',
    rule.messageClass === null ? '' : `${rule.messageClass} mail`,
  ].filter((text) => text !== '');
  return said.length === 0 ? 'all mail' : said.join(', ');
}
