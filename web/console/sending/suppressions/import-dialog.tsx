/** Adds many addresses from a pasted list or a file, part by part, and tells by line what was refused. */
import { Button, FileButton, Group, Modal, Progress, Stack, Text, Textarea } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { importSuppressions } from '../../../../src/contract/suppressions.ts';
import { call } from '../../../shared/client.ts';
import { count, plural } from '../../../shared/format.ts';
import { Cell, DataTable } from '../../elements/data-table.tsx';
import { Failure } from '../../elements/states.tsx';
import { linesOf, mostLines, partsOf } from './import-lines.ts';
import { refreshSuppressions } from './refresh.ts';

interface Done {
  readonly added: number;
  readonly refused: readonly { readonly line: number; readonly why: string }[];
}

const shownRefusals = 50;

async function importAll(text: string, onPart: (share: number) => void): Promise<Done> {
  const lines = linesOf(text);
  let added = 0;
  const refused: { line: number; why: string }[] = [];
  let taken = 0;
  for (const part of partsOf(lines)) {
    const answer = await call(importSuppressions, { body: { csv: part.map((line) => line.text).join('\n') } });
    added += answer.added;
    for (const { row, why } of answer.refused) refused.push({ line: part[row - 1]?.number ?? 0, why });
    taken += part.length;
    onPart(taken / lines.length);
  }
  return { added, refused };
}

const Result = ({ done }: { done: Done }) => (
  <Stack>
    <Text role="status">
      {plural(done.added, 'address', 'addresses')} taken
      {done.refused.length === 0 ? ', none refused.' : `, ${plural(done.refused.length, 'line')} refused.`}
    </Text>
    {done.refused.length > 0 && (
      <DataTable caption="Lines that were refused" columns={[{ label: 'Line', isNumber: true }, { label: 'Why' }]}>
        {done.refused.slice(0, shownRefusals).map(({ line, why }) => (
          <tr key={line}>
            <Cell isNumber>{count(line)}</Cell>
            <Cell>{why}</Cell>
          </tr>
        ))}
      </DataTable>
    )}
    {done.refused.length > shownRefusals && (
      <Text size="sm" c="dimmed">
        And {plural(done.refused.length - shownRefusals, 'line')} more.
      </Text>
    )}
  </Stack>
);

function faultOf(text: string): string | null {
  const lines = linesOf(text).length;
  if (lines === 0) return 'There is no address in it.';
  return lines > mostLines ? `At most ${count(mostLines)} lines at once; this has ${count(lines)}.` : null;
}

function ImportForm({ onDone }: { onDone: () => void }) {
  const [text, setText] = useState('');
  const [share, setShare] = useState(0);
  const [fault, setFault] = useState<string | null>(null);
  const run = useMutation({ mutationFn: () => importAll(text, setShare), onSettled: refreshSuppressions });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const found = faultOf(text);
    setFault(found);
    if (found === null) run.mutate();
  };
  if (run.data !== undefined)
    return (
      <Stack>
        <Result done={run.data} />
        <Group justify="flex-end">
          <Button onClick={onDone} autoFocus>
            Done
          </Button>
        </Group>
      </Stack>
    );
  return (
    <form onSubmit={submit} noValidate>
      <Stack>
        <Text size="sm">
          One address a line; after commas, if you like, a reason and a scope, as the export has them. What is there
          already stays.
        </Text>
        <Textarea
          label="Addresses"
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          placeholder={'ana@example.org\nbo@example.org,unsubscribed,marketing'}
          autosize
          minRows={6}
          maxRows={14}
          spellCheck={false}
          error={fault}
          data-autofocus
        />
        <FileButton accept=".csv,.txt,text/csv,text/plain" onChange={(file) => void file?.text().then(setText)}>
          {(props) => (
            <Button variant="default" {...props} style={{ alignSelf: 'flex-start' }}>
              Choose a file
            </Button>
          )}
        </FileButton>
        {run.isPending && <Progress value={share * 100} aria-label="How much is taken" />}
        {run.error !== null && <Failure failure={run.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onDone} disabled={run.isPending}>
            Cancel
          </Button>
          <Button type="submit" loading={run.isPending}>
            Import
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

export const ImportDialog = ({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) => (
  <Modal
    opened={isOpen}
    onClose={onClose}
    title="Import addresses"
    size="lg"
    closeOnClickOutside={false}
    closeButtonProps={{ 'aria-label': 'Close' }}
  >
    <ImportForm onDone={onClose} />
  </Modal>
);
