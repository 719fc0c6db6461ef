/** What is left when a page itself fails, usually because a newer console has been installed meanwhile. */
import { Button, Center } from '@mantine/core';
import { Empty } from '../elements/states.tsx';

export const PageCrash = () => (
  <Center mih="60dvh" p="md">
    <Empty
      title="This page could not be shown"
      action={<Button onClick={() => window.location.reload()}>Reload</Button>}
    >
      Waxwing may have been updated since you opened it. Reloading usually helps.
    </Empty>
  </Center>
);
