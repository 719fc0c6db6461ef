/** Reads what was submitted and turns the parser's refusals into documented problems. It changes no octet. */
import { Problem, type ProblemCode } from '../contract/problem.ts';
import { type PreparedHeaders, prepareHeaders, type ReadMessage, readMessage } from '../core/message/index.ts';

export interface SubmittedContent {
  readonly message: ReadMessage;
  readonly headers: PreparedHeaders;
}

export function readSubmitted(octets: Uint8Array): SubmittedContent {
  const message = readMessage(octets);
  if (message.kind === 'refused') throw problemOf(message);
  const headers = prepareHeaders(message);
  if (headers.kind === 'refused') throw problemOf(headers);
  refuseLongNames(headers);
  return { message, headers };
}

type Refusal = Extract<ReturnType<typeof readMessage> | ReturnType<typeof prepareHeaders>, { kind: 'refused' }>;

const otherNames: Partial<Record<Refusal['code'], ProblemCode>> = {
  'message.multiple_from': 'message.invalid_from',
  'message.from_malformed': 'message.invalid_from',
};

const problemOf = ({ code, why }: Refusal): Problem =>
  new Problem(otherNames[code] ?? (code as ProblemCode), [{ field: '', message: why }]);

/** As long as REST takes them. */
const campaignLengthMax = 200;
const tagLengthMax = 100;
const tagsMax = 50;

function refuseLongNames({ campaign, tags }: PreparedHeaders): void {
  const isTooLong =
    (campaign ?? '').length > campaignLengthMax ||
    tags.length > tagsMax ||
    tags.some((tag) => tag.length > tagLengthMax);
  if (isTooLong)
    throw new Problem('message.header_malformed', [
      { field: '', message: 'A campaign has up to 200 characters, a tag up to 100, a message up to 50 tags.' },
    ]);
}
