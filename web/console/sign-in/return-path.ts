/** Where someone was when their session ended, so that a new sign-in leads back there, even from a link opened in another tab. */
const key = 'waxwing.return';
const lifeMs = 60 * 60 * 1000;

/** Only a path of this console; anything else could be a way out of it. */
const isOurs = (path: string): boolean =>
  /^\/(campaigns|messages|sending|judge|senders|providers|settings|api-keys|people|trust|me)(\/|\?|$)/.test(path);

export function rememberReturn(path: string): void {
  if (isOurs(path)) localStorage.setItem(key, JSON.stringify({ path, untilMs: Date.now() + lifeMs }));
}

export function takeReturn(): string {
  const kept = localStorage.getItem(key);
  localStorage.removeItem(key);
  if (kept === null) return '/';
  const { path, untilMs } = JSON.parse(kept) as { path: string; untilMs: number };
  return untilMs > Date.now() && isOurs(path) ? path : '/';
}
