/** The time now, again with every answer that is kept fresh, so that "3 minutes ago" does not stand still. */
import { useEffect, useState } from 'react';

const everyMs = 5_000;

export function useNow(): number {
  const [nowMs, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, []);
  return nowMs;
}
