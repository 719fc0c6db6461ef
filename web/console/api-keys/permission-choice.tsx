/** Every permission with its sentence, to be ticked one by one. */
import { Checkbox } from '@mantine/core';
import { type Permission, permission, permissionNames, permissions } from '../../../src/contract/permissions.ts';
import styles from './key-form.module.css';

interface PermissionChoiceProps {
  /** Default: every one that there is. */
  readonly offered?: readonly Permission[];
  readonly chosen: readonly Permission[];
  readonly error: string | undefined;
  onChange(chosen: readonly Permission[]): void;
}

export const PermissionChoice = ({ offered = permissionNames, chosen, error, onChange }: PermissionChoiceProps) => (
  <Checkbox.Group
    label="Permissions"
    value={[...chosen]}
    onChange={(values) => onChange(values.map((value) => permission.parse(value)))}
    error={error}
  >
    <div className={styles.permissions}>
      {offered.map((name) => (
        <Checkbox key={name} name="permissions" value={name} label={name} description={permissions[name]} />
      ))}
    </div>
  </Checkbox.Group>
);
