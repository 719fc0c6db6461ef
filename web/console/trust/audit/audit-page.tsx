/** The audit log: what happened, the log to take away, and the public key by which anybody can check that it was not rewritten. */
import { Button, Stack, Text, TextInput } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { exportAudit, readAuditKey } from '../../../../src/contract/audit.ts';
import { fetchFile } from '../../../shared/client.ts';
import { CodeSample } from '../../elements/code-sample.tsx';
import { PageHead } from '../../elements/page-head.tsx';
import { Section } from '../../elements/section.tsx';
import { Answered, Failure } from '../../elements/states.tsx';
import { useCall } from '../../queries.ts';
import styles from './audit-page.module.css';
import { DaysSection } from './days-section.tsx';
import { EntriesSection } from './entries-section.tsx';
import { save } from './save-file.ts';

interface Range {
  readonly since?: string;
  readonly until?: string;
}

const fileName = ({ since, until }: Range): string =>
  `waxwing-audit${since === undefined ? '' : `-from-${since}`}${until === undefined ? '' : `-to-${until}`}.jsonl`;

const useExport = () =>
  useMutation({
    mutationFn: async (range: Range) => {
      const file = await fetchFile(exportAudit, { query: range });
      save(file, fileName(range));
    },
  });

function Export() {
  const take = useExport();
  const [fault, setFault] = useState<string | null>(null);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const data = new FormData(event.currentTarget);
    const [since, until] = [String(data.get('since') ?? ''), String(data.get('until') ?? '')];
    const isReversed = since !== '' && until !== '' && until < since;
    setFault(isReversed ? 'The last day is before the first.' : null);
    if (!isReversed) take.mutate({ ...(since === '' ? {} : { since }), ...(until === '' ? {} : { until }) });
  };
  return (
    <Section
      title="Signed export"
      about="For whoever must be able to check it. Who did what to what, and when, as JSON lines between two signed checkpoints. Empty days mean all of it. Entries next to the range may be included."
    >
      <form className={styles.form} onSubmit={submit} noValidate>
        <TextInput name="since" type="date" label="First day (UTC)" />
        <TextInput name="until" type="date" label="Last day (UTC)" error={fault} />
        <Button type="submit" loading={take.isPending} leftSection={<IconDownload size={16} aria-hidden />}>
          Export
        </Button>
      </form>
      <Text size="sm" c="dimmed" role="status" mt={take.isSuccess ? 'sm' : 0}>
        {take.isSuccess && 'The file is in your downloads.'}
      </Text>
      {take.error !== null && (
        <div className={styles.failure}>
          <Failure failure={take.error} />
        </div>
      )}
    </Section>
  );
}

function Check() {
  const answer = useCall(readAuditKey, {});
  return (
    <Section
      title="Check it"
      about="Each entry carries the hash of the one before, and checkpoints are signed. Whoever changes, removes or reorders an entry is found out, and the first entry that does not fit is named."
    >
      <Answered answer={answer} label="Loading the public key" rows={3}>
        {({ publicKey }) => (
          <Stack gap="sm">
            <div className={styles.label}>The public key. Keep a copy where this server cannot change it.</div>
            <CodeSample label="Public key" code={publicKey.trim()} />
            <div className={styles.label}>
              Save the key as <code>audit-key.pem</code>, then check the export on any computer, without this server:
            </div>
            <CodeSample
              label="Command that checks the export"
              code="npx waxwing audit verify waxwing-audit.jsonl --key audit-key.pem"
            />
            <Text size="sm" c="dimmed">
              On the server itself <code>npx waxwing audit verify FILE</code> is enough.
            </Text>
          </Stack>
        )}
      </Answered>
    </Section>
  );
}

export const AuditPage = () => (
  <>
    <PageHead
      title="Audit log"
      about="Every change and every look at personal data is written down, in a chain that nobody can rewrite unseen."
    />
    <Stack gap="1.25rem" maw="66rem">
      <DaysSection />
      <EntriesSection />
      <Export />
      <Check />
    </Stack>
  </>
);
