/**
 * How refusals sound in SMTP: reply code, enhanced code (RFC 3463) and the documented problem code in the text. A reply
 * never repeats an address or anything else that the client sent.
 */
import { Problem, type ProblemCode, problemKinds } from '../contract/problem.ts';
import { DatabaseUnavailable } from '../platform/database.ts';

/** smtp-server answers a command with the code and message of the error it is given. */
export class SmtpRefusal extends Error {
  readonly responseCode: number;

  /** The text begins with its enhanced code. */
  constructor(code: number, text: string) {
    super(text);
    this.responseCode = code;
  }
}

const codes: Partial<Record<ProblemCode, readonly [code: number, enhanced: string]>> = {
  'message.too_large': [552, '5.3.4'],
  'message.too_many_recipients': [452, '4.5.3'], // RFC 5321 §4.5.3.1.10
  'message.no_recipients': [554, '5.5.1'],
  'message.invalid_address': [553, '5.1.3'],
  'message.mail_loop': [554, '5.4.6'], // RFC 3463 §3.5: routing loop detected
  'message.no_from': [550, '5.6.0'],
  'message.invalid_from': [550, '5.6.0'],
  'sender.not_verified': [550, '5.7.1'],
  'sender.of_another': [550, '5.7.1'],
  'auth.invalid': [535, '5.7.8'],
  'auth.forbidden': [550, '5.7.1'],
  'department.unknown': [550, '5.7.1'],
  'server.unavailable': [451, '4.3.0'],
  'server.error': [451, '4.3.0'],
  'request.rate_limited': [452, '4.3.1'],
};

/** Every other refusal of a message is about its content: RFC 3463 §3.7, X.6.0. */
const ofContent: readonly [number, string] = [554, '5.6.0'];

export function refusalOf(error: unknown): SmtpRefusal {
  if (error instanceof SmtpRefusal) return error;
  if (error instanceof Problem) return refusalOfProblem(error.code);
  return refusalOfProblem(error instanceof DatabaseUnavailable ? 'server.unavailable' : 'server.error');
}

export function refusalOfProblem(code: ProblemCode): SmtpRefusal {
  const [replyCode, enhanced] = codes[code] ?? ofContent;
  const { title, remedy } = problemKinds[code];
  return new SmtpRefusal(replyCode, inAscii(`${enhanced} ${code} ${title} ${remedy}`));
}

const inAscii = (text: string): string =>
  text
    .replaceAll('§', 'section ')
    .replace(/[‘’]/g, "'")
    .replace(/[“”]/g, '"')
    .replace(/[^\x20-\x7e]/g, '-');
