/** The domains that mail is sent from: how each stands, and new ones. */
import { Badge, Button, Group, Stack, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { Link, useNavigate } from 'react-router';
import { addSender, listSenders, type SenderSummary } from '../../../src/contract/senders.ts';
import { call } from '../../shared/client.ts';
import { moment } from '../../shared/format.ts';
import { Breakable } from '../elements/breakable.tsx';
import { Cell, DataTable } from '../elements/data-table.tsx';
import { PageHead } from '../elements/page-head.tsx';
import { Section } from '../elements/section.tsx';
import { Answered, Empty, Failure } from '../elements/states.tsx';
import { queries, useCall } from '../queries.ts';
import { useTimeZone } from '../use-time-zone.ts';
import { statusWords } from './words.ts';

function AddDomain() {
  const navigate = useNavigate();
  const [domain, setDomain] = useState('');
  const add = useMutation({
    mutationFn: () => call(addSender, { body: { domain } }),
    onSuccess: async (sender) => {
      await queries.invalidateQueries({ queryKey: [listSenders.name] });
      await navigate(`/senders/${sender.domain}`);
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    add.mutate();
  };
  return (
    <Section title="Add a domain" about="What stands behind the @ in the addresses you send from.">
      <Stack component="form" gap="sm" maw="34rem" onSubmit={submit}>
        <TextInput
          label="Domain"
          placeholder="clinic.example"
          value={domain}
          onChange={(event) => setDomain(event.currentTarget.value)}
          required
        />
        {add.error !== null && <Failure failure={add.error} />}
        <Group>
          <Button type="submit" loading={add.isPending}>
            Add the domain
          </Button>
        </Group>
      </Stack>
    </Section>
  );
}

const columns = [
  { label: 'Domain' },
  { label: 'State' },
  { label: 'Still to do' },
  { label: 'Last looked at', isExtra: true },
];

function Domains({ senders }: { senders: readonly SenderSummary[] }) {
  const timeZone = useTimeZone();
  return (
    <DataTable caption="Sender domains" columns={columns}>
      {senders.map((sender) => (
        <tr key={sender.domain}>
          <Cell>
            <Link className="quiet-link" to={`/senders/${sender.domain}`}>
              <Breakable>{sender.domain}</Breakable>
            </Link>
          </Cell>
          <Cell>
            <Badge variant="light" color={sender.status === 'signing' ? 'people' : 'gray'}>
              {statusWords[sender.status].word}
            </Badge>
          </Cell>
          <Cell>{toDo(sender)}</Cell>
          <Cell isExtra>{sender.checkedAt === null ? 'never' : moment(sender.checkedAt, timeZone)}</Cell>
        </tr>
      ))}
    </DataTable>
  );
}

function toDo({ checkedAt, problems }: { checkedAt: string | null; problems: number }): string {
  if (checkedAt === null) return 'Publish its records';
  return problems === 0 ? 'Nothing' : problems === 1 ? '1 record' : `${problems} records`;
}

export function SendersPage() {
  const answer = useCall(listSenders, {});
  return (
    <>
      <PageHead
        title="Sender domains"
        about="Receivers trust mail whose domain vouches for it. Publish a few records in the DNS of your domain, and Waxwing signs every message in its name."
      />
      <Stack gap="1.25rem">
        <Answered answer={answer} label="Loading the sender domains">
          {({ senders }) =>
            senders.length === 0 ? (
              <Empty title="No sender domain yet">
                Until a domain is verified, its mail goes out unsigned, and many receivers treat such mail as spam.
              </Empty>
            ) : (
              <Section title="Your domains">
                <Domains senders={senders} />
              </Section>
            )
          }
        </Answered>
        <AddDomain />
      </Stack>
    </>
  );
}
