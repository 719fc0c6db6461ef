/** The way to the next page of a list that is read newest first; nothing where there is none. */
import { Button } from '@mantine/core';

interface Pages {
  readonly hasNextPage: boolean;
  readonly isFetchingNextPage: boolean;
  fetchNextPage(): Promise<unknown>;
}

export const ShowMore = ({ answer, label = 'Show more' }: { readonly answer: Pages; readonly label?: string }) =>
  answer.hasNextPage && (
    <Button
      variant="default"
      my="md"
      className="no-print"
      loading={answer.isFetchingNextPage}
      onClick={() => void answer.fetchNextPage()}
    >
      {label}
    </Button>
  );
