/** What is wrong between us and a keeper of keys, and one question to it over HTTPS. It never repeats what was asked. */

/** The message says what is wrong and what to do. */
export class KeyProviderFault extends Error {}

const answerTimeoutMs = 10_000;
const largestAnswerBytes = 64 * 1024;

export interface KeeperAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

export async function askKeeper(
  keeper: string,
  url: string,
  request: { readonly headers: Readonly<Record<string, string>>; readonly body: string },
): Promise<KeeperAnswer> {
  try {
    const signal = AbortSignal.timeout(answerTimeoutMs);
    const response = await fetch(url, { method: 'POST', redirect: 'error', signal, ...request });
    const text = (await response.text()).slice(0, largestAnswerBytes);
    return { status: response.status, body: objectOf(text) };
  } catch (error) {
    const cause = (error as { cause?: { code?: unknown } }).cause?.code;
    const why = typeof cause === 'string' ? cause : (error as Error).name;
    throw new KeyProviderFault(
      `${keeper} at ${new URL(url).host} does not answer (${why}). The master key cannot be opened without it: check the address and the network, then try again.`,
    );
  }
}

function objectOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
  } catch {
    return {};
  }
}
