/** What a wrong address shows. */
import { Button } from '@mantine/core';
import { Link } from 'react-router';
import { PageHead } from '../elements/page-head.tsx';
import { Empty } from '../elements/states.tsx';

export const NotFoundPage = () => (
  <>
    <PageHead title="There is no such page" />
    <Empty
      title="Nothing lives at this address"
      action={
        <Button component={Link} to="/">
          To the first page
        </Button>
      }
    >
      The link may be old, or a letter may be missing.
    </Empty>
  </>
);
