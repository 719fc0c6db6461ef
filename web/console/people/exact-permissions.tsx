/** Narrows a user to some of what their role allows: unfolded by who needs it, and out of the way otherwise. */
import { Switch, Text } from '@mantine/core';
import { useState } from 'react';
import { type Permission, type Role, roles } from '../../../src/contract/permissions.ts';
import { PermissionChoice } from '../api-keys/permission-choice.tsx';
import styles from './exact-permissions.module.css';

export type Exact = readonly Permission[] | null;

interface ExactPermissionsProps {
  readonly role: Role;
  /** Null: all that the role allows. */
  readonly chosen: Exact;
  onChange(chosen: Exact): void;
}

/** Of what was chosen, what the role allows; a narrowed user of another role keeps no more than both. */
export const within = (role: Role, chosen: Exact): Exact =>
  chosen === null ? null : chosen.filter((one) => roles[role].permissions.includes(one));

export function ExactPermissions({ role, chosen, onChange }: ExactPermissionsProps) {
  const [wasNarrowed] = useState(chosen !== null);
  const offered = roles[role].permissions;
  const ticked = within(role, chosen);
  return (
    <details className={styles.unfolding} open={wasNarrowed}>
      <summary>Exactly what they may do</summary>
      <Text size="sm" c="dimmed" my="xs">
        Usually a role is enough. Narrowed, they keep what is ticked, also when the role learns more in a later version.
      </Text>
      <Switch
        label="Only some of what the role allows"
        checked={ticked !== null}
        onChange={({ currentTarget: { checked } }) => onChange(checked ? [...offered] : null)}
        mb="sm"
      />
      {ticked !== null && (
        <PermissionChoice
          offered={offered}
          chosen={ticked}
          onChange={onChange}
          error={ticked.length === 0 ? 'With none ticked they may sign in, and do nothing.' : undefined}
        />
      )}
    </details>
  );
}
