/** For whoever was refused for want of a permission: the way to emergency access, where they may open it. */
import { Button } from '@mantine/core';
import { Link } from 'react-router';
import { openingPath, useEmergency } from './use-emergency.ts';

export function EmergencyOffer() {
  const own = useEmergency().data;
  if (own === undefined || !own.mayOpen || own.current !== null) return null;
  return (
    <Button component={Link} to={openingPath} size="xs" variant="default">
      Emergency access
    </Button>
  );
}
