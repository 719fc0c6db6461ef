/** A menu of what can be done about mail that waits, for whoever may. What is chosen is asked once more by `Steering`. */
import { ActionIcon, Button, Menu } from '@mantine/core';
import { IconDots, IconHandStop, IconPlayerPlay, IconRefresh, IconTrash } from '@tabler/icons-react';
import { useMay } from '../../use-may.ts';
import { type Action, actions } from './action-words.ts';
import { type Steered, useSteering } from './steering.tsx';

const icons = { retry: IconRefresh, hold: IconHandStop, release: IconPlayerPlay, cancel: IconTrash } as const;

interface QueueActionsProps extends Omit<Steered, 'action'> {
  readonly offered: readonly Action[];
  /** A button with words instead of dots. */
  readonly isButton?: boolean;
  /** As one of them is chosen. */
  readonly onChosen?: () => void;
}

export function QueueActions({ selection, name, offered, isButton = false, onChosen }: QueueActionsProps) {
  const may = useMay();
  const ask = useSteering();
  if (!may({ needs: ['queue.manage'], isOfAccount: true })) return null;
  return (
    <Menu position="bottom-end" width={220} returnFocus={false}>
      <Menu.Target>
        {isButton ? (
          <Button variant="default" rightSection={<IconDots size={16} aria-hidden />}>
            Hold, retry, take out
          </Button>
        ) : (
          <ActionIcon variant="subtle" color="gray" size="lg" aria-label={`What to do about ${name}`}>
            <IconDots size={18} aria-hidden />
          </ActionIcon>
        )}
      </Menu.Target>
      <Menu.Dropdown>
        {offered.map((action) => {
          const Icon = icons[action];
          return (
            <Menu.Item
              key={action}
              leftSection={<Icon size={16} stroke={1.7} aria-hidden />}
              {...(actions[action].isGrave ? { c: 'var(--wax)' } : {})}
              onClick={() => {
                onChosen?.();
                ask({ action, selection, name });
              }}
            >
              {actions[action].label}
            </Menu.Item>
          );
        })}
      </Menu.Dropdown>
    </Menu>
  );
}
