/**
 * Ends a session that nobody uses, in every tab, and warns before. Only what a person does counts as use: pages that ask
 * the server by themselves do not keep a forgotten screen open.
 */
import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useEffect, useState } from 'react';
import { useNavigate } from 'react-router';
import { endSession, readSession } from '../../../src/contract/access.ts';
import { call } from '../../shared/client.ts';
import { plural } from '../../shared/format.ts';
import { queries } from '../queries.ts';

interface Life {
  readonly idleMinutes: number;
  readonly expiresAt: string;
}

/** Shared by the tabs of a browser. */
const key = 'waxwing.active';
const warnMs = 60_000;
const signs = ['pointerdown', 'keydown', 'wheel', 'touchstart'] as const;

const lastUse = (): number => Number(localStorage.getItem(key) ?? 0);
const noteUse = (): void => localStorage.setItem(key, String(Date.now()));

interface Left {
  readonly ms: number;
  /** Nothing can be done about it. */
  readonly isFinal: boolean;
}

function leftOf({ idleMinutes, expiresAt }: Life): Left {
  const idleMs = lastUse() + idleMinutes * 60_000 - Date.now();
  const finalMs = Date.parse(expiresAt) - Date.now();
  return finalMs < idleMs ? { ms: finalMs, isFinal: true } : { ms: idleMs, isFinal: false };
}

/** The server hears of use too, also when somebody only types. */
function useUse(isWarned: boolean, idleMinutes: number): void {
  useEffect(() => {
    noteUse();
  }, []);
  useEffect(() => {
    if (isWarned) return;
    let toldAt = Date.now();
    const use = () => {
      noteUse();
      if (Date.now() - toldAt < Math.min(warnMs, idleMinutes * 20_000)) return;
      toldAt = Date.now();
      call(readSession, {}).catch(() => undefined);
    };
    for (const sign of signs) window.addEventListener(sign, use, { passive: true });
    return () => {
      for (const sign of signs) window.removeEventListener(sign, use);
    };
  }, [isWarned, idleMinutes]);
}

function useLeft(life: Life): Left {
  const [left, setLeft] = useState<Left>({ ms: Number.POSITIVE_INFINITY, isFinal: false });
  useEffect(() => {
    const timer = setInterval(() => setLeft(leftOf(life)), 1_000);
    return () => clearInterval(timer);
  }, [life]);
  return left;
}

export function SessionEnd({ session }: { session: Life }) {
  const navigate = useNavigate();
  const left = useLeft(session);
  const isWarned = left.ms <= Math.min(warnMs, session.idleMinutes * 30_000);
  const hasEnded = left.ms <= 0;
  useUse(isWarned, session.idleMinutes);
  useEffect(() => {
    if (!hasEnded) return;
    void call(endSession, {})
      .catch(() => undefined)
      .finally(() => {
        queries.clear();
        void navigate('/sign-in', { replace: true, state: { ended: true } });
      });
  }, [hasEnded, navigate]);
  const stay = () => {
    noteUse();
    call(readSession, {}).catch(() => undefined);
  };
  const leave = () => localStorage.setItem(key, '0');
  return (
    <Modal
      opened={isWarned}
      onClose={left.isFinal ? leave : stay}
      withCloseButton={false}
      title="You will be signed out"
      zIndex={500}
    >
      <Stack>
        <Text>
          {left.isFinal
            ? 'This session has lasted as long as it may. Finish what you are doing, then sign in again.'
            : 'Nobody has used this console for a while. To protect what it shows, it closes by itself.'}
        </Text>
        <Text fw={600} role="timer">
          {plural(Math.max(0, Math.ceil(left.ms / 1000)), 'second')} left
        </Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={leave}>
            Sign out now
          </Button>
          {!left.isFinal && (
            <Button onClick={stay} data-autofocus>
              Stay signed in
            </Button>
          )}
        </Group>
      </Stack>
    </Modal>
  );
}
