/** Above every page while emergency access is open: how long still, and the way to end it. */
import { Button } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { endOwnEmergency } from '../../../src/contract/emergency.ts';
import { call } from '../../shared/client.ts';
import { plural } from '../../shared/format.ts';
import { queries } from '../queries.ts';
import styles from './emergency.module.css';
import { useEmergency } from './use-emergency.ts';

function useLeftMs(endsAt: string | undefined): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (endsAt === undefined) return;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 5_000);
    return () => clearInterval(timer);
  }, [endsAt]);
  return endsAt === undefined ? 0 : Date.parse(endsAt) - now;
}

export function EmergencyBanner() {
  const current = useEmergency().data?.current ?? null;
  const leftMs = useLeftMs(current?.endsAt);
  const end = useMutation({
    mutationFn: () => call(endOwnEmergency, { body: {} }),
    // What was read under it leaves the screen too.
    onSettled: () => queries.resetQueries(),
  });
  if (current === null || leftMs <= 0) return null;
  const minutes = Math.ceil(leftMs / 60_000);
  return (
    <section className={styles.banner} aria-label="Emergency access">
      <p>
        <strong>Emergency access is open.</strong> {plural(minutes, 'minute')} left. What you read and do is written
        down and will be reviewed.
      </p>
      <Button size="xs" variant="default" loading={end.isPending} onClick={() => end.mutate()}>
        End it now
      </Button>
    </section>
  );
}
