/** Turns the body of a provider's call into JSON: most send it as it is, SNS calls it text, Mandrill puts it in a form. */
import { Problem } from '../contract/problem.ts';

export interface ParsedBody {
  readonly payload: unknown;
  readonly form: ReadonlyMap<string, string> | null;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

export function parseBody(rawBody: Uint8Array, contentType: string | undefined): ParsedBody {
  const text = decoded(rawBody);
  if (!/^application\/x-www-form-urlencoded\b/i.test(contentType ?? '')) return { payload: parsed(text), form: null };
  const form = new Map(new URLSearchParams(text));
  const events = form.get('mandrill_events');
  if (events === undefined) throw new Problem('provider.payload_unknown');
  return { payload: parsed(events), form };
}

function decoded(rawBody: Uint8Array): string {
  try {
    return utf8.decode(rawBody);
  } catch {
    throw new Problem('request.invalid_json');
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Problem('request.invalid_json');
  }
}
