/** One message: what it was, and for each recipient everything that happened, with the verdicts and their reasons. */
import { Box, Button, Paper, Text, TextInput, Title } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { useState } from 'react';
import { Link, useParams, useSearchParams } from 'react-router';
import type { z } from 'zod';
import { type message, readMessage } from '../../../src/contract/messages.ts';
import { Refusal } from '../../shared/client.ts';
import { moment, plural } from '../../shared/format.ts';
import { BackLink } from '../elements/back-link.tsx';
import { PageHead } from '../elements/page-head.tsx';
import { reportPath } from '../elements/report-path.ts';
import { Section } from '../elements/section.tsx';
import { Answered, Empty } from '../elements/states.tsx';
import { useCall } from '../queries.ts';
import { QueueActions } from '../sending/queue/queue-actions.tsx';
import { Steering } from '../sending/queue/steering.tsx';
import { WaitingRecipients } from '../sending/queue/waiting-recipients.tsx';
import { useMay } from '../use-may.ts';
import { useTimeZone } from '../use-time-zone.ts';
import { EraseMessage } from './erase-message.tsx';
import { ErasedNote } from './erased-note.tsx';
import styles from './message-page.module.css';
import { RecipientPanel } from './recipient-panel.tsx';

type Message = z.infer<typeof message>;
const shownAtFirst = 25;

function useOpenRecipient(only: string | undefined) {
  const [parameters, setParameters] = useSearchParams();
  const open = parameters.get('recipient') ?? (parameters.has('closed') ? null : (only ?? null));
  const toggle = (id: string) =>
    setParameters(open === id ? { closed: '' } : { recipient: id }, { replace: true, preventScrollReset: true });
  return { open, toggle };
}

/** The recipient that a link asks for comes first, however many there are. */
function inOrder(recipients: Message['recipients'], search: string, first: string | null): Message['recipients'] {
  const wanted = search.trim().toLowerCase();
  const found = recipients.filter(({ email }) => email.toLowerCase().includes(wanted));
  return recipients.length <= shownAtFirst
    ? found
    : found.toSorted((one, other) => Number(other.id === first) - Number(one.id === first));
}

function Recipients({ message, timeZone }: { message: Message; timeZone: string }) {
  const only = message.recipients.length === 1 ? message.recipients[0]?.id : undefined;
  const { open, toggle } = useOpenRecipient(only);
  const [asked] = useState(open);
  const [search, setSearch] = useState('');
  const [shown, setShown] = useState(shownAtFirst);
  const recipients = inOrder(message.recipients, search, asked);
  return (
    <Paper component="section" className={styles.card ?? ''} aria-label="Recipients">
      <div className={styles.head}>
        <Title order={2}>{plural(message.recipients.length, 'recipient')}</Title>
        {message.recipients.length > 5 && !message.erased && (
          <TextInput
            type="search"
            size="sm"
            leftSection={<IconSearch size={16} aria-hidden />}
            placeholder="Find an address"
            aria-label="Find an address"
            value={search}
            onChange={(event) => setSearch(event.currentTarget.value)}
          />
        )}
      </div>
      {recipients.length === 0 && (
        <Text c="dimmed" size="sm" p="lg">
          No address like that.
        </Text>
      )}
      <ul className={styles.list}>
        {recipients.slice(0, shown).map((recipient) => (
          <RecipientPanel
            key={recipient.id}
            messageId={message.id}
            recipient={recipient}
            timeZone={timeZone}
            isOpen={open === recipient.id}
            onToggle={() => toggle(recipient.id)}
          />
        ))}
      </ul>
      {recipients.length > shown && (
        <Button variant="default" m="md" onClick={() => setShown(shown + 100)}>
          Show more
        </Button>
      )}
    </Paper>
  );
}

/** What of it still waits, for whoever may look into the queue. */
function Waiting({ message }: { message: Message }) {
  const may = useMay();
  const waits = message.recipients.filter(({ status }) => status === 'queued' || status === 'deferred').length;
  if (waits === 0 || !may({ needs: ['queue.read'], isOfAccount: true })) return null;
  return (
    <Box mb="1.25rem">
      <Steering>
        <Section
          title={`${plural(waits, 'copy', 'copies')} not delivered yet`}
          aside={
            <QueueActions
              isButton
              selection={{ messageId: message.id }}
              name="what waits of this message"
              offered={['retry', 'hold', 'release', 'cancel']}
            />
          }
        >
          <WaitingRecipients of={{ messageId: message.id }} />
        </Section>
      </Steering>
    </Box>
  );
}

const Fact = ({ name, children }: { name: string; children: React.ReactNode }) => (
  <div>
    <dt>{name}</dt>
    <dd>{children}</dd>
  </div>
);

const Facts = ({ message, timeZone }: { message: Message; timeZone: string }) => (
  <dl className={styles.facts}>
    {message.from !== '' && <Fact name="From">{message.from}</Fact>}
    <Fact name="Accepted">{moment(message.acceptedAt, timeZone)}</Fact>
    <Fact name="Campaign">
      {message.campaign === null ? (
        'None'
      ) : (
        <Link className="quiet-link" to={reportPath(message.campaign)}>
          {message.campaign}
        </Link>
      )}
    </Fact>
    {message.tags.length > 0 && <Fact name="Tags">{message.tags.join(', ')}</Fact>}
    <Fact name="Audit log">
      <Link className="quiet-link" to={`/trust/audit?objectId=${message.id}`}>
        Who looked at this
      </Link>
    </Fact>
    {message.onHold && <Fact name="Legal hold">On hold: it cannot be erased</Fact>}
  </dl>
);

const Above = () => <BackLink to="/messages">Messages</BackLink>;

const Gone = () => (
  <>
    <PageHead title="Message not found" above={<Above />} />
    <Empty title="There is no such message">The address may be mistyped, or it belongs to another account.</Empty>
  </>
);

const isGone = (failure: Error | null): boolean =>
  failure instanceof Refusal && (failure.status === 404 || failure.code === 'request.malformed');

function titleOf(message: Message | undefined): string {
  if (message === undefined) return 'Message';
  return message.erased ? 'Erased message' : message.subject || 'No subject';
}

function MessageOf({ id }: { id: string }) {
  const answer = useCall(readMessage, { params: { id } });
  const timeZone = useTimeZone();
  if (isGone(answer.error)) return <Gone />;
  return (
    <>
      <PageHead
        title={titleOf(answer.data)}
        above={<Above />}
        {...(answer.data === undefined || answer.data.onHold
          ? {}
          : { actions: <EraseMessage message={answer.data} /> })}
      />
      <Answered answer={answer} label="Loading the message" rows={8}>
        {(message) => (
          <>
            <Facts message={message} timeZone={timeZone} />
            {message.erased && <ErasedNote id={message.id} />}
            <Waiting message={message} />
            <Recipients message={message} timeZone={timeZone} />
          </>
        )}
      </Answered>
    </>
  );
}

export function MessagePage() {
  const { id = '' } = useParams();
  return <MessageOf key={id} id={id} />;
}
