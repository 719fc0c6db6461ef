/** Waits until somebody wants the program to end: a signal, or the end of the npm that started it. */

const lookEveryMs = 300;

/** Resolves once. `end` asks from inside. */
export function untilAskedToEnd(): { readonly ended: Promise<void>; readonly end: () => void } {
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  process.once('SIGTERM', () => end());
  process.once('SIGINT', () => end());
  process.once('SIGHUP', () => end());
  // npm passes a signal on to its shell only, which dies of it and tells us nothing: we are left without a parent.
  const parent = process.ppid;
  if (process.env.npm_lifecycle_event !== undefined)
    setInterval(() => {
      if (process.ppid !== parent) end();
    }, lookEveryMs).unref();
  return { ended, end };
}
