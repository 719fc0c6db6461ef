/** One sender domain: what to publish, what was seen, what is wrong; its keys, its check, its end. */
import { Badge, Button, Group, Stack, Text } from '@mantine/core';
import { IconRefresh } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { useParams } from 'react-router';
import {
  type DnsRecord,
  listSenders,
  readSender,
  rotateSenderKeys,
  type Sender,
  verifySender,
} from '../../../src/contract/senders.ts';
import { call } from '../../shared/client.ts';
import { moment } from '../../shared/format.ts';
import { BackLink } from '../elements/back-link.tsx';
import { CodeSample } from '../elements/code-sample.tsx';
import { PageHead } from '../elements/page-head.tsx';
import { Section } from '../elements/section.tsx';
import { Answered, Failure } from '../elements/states.tsx';
import { queries, useCall } from '../queries.ts';
import { useTimeZone } from '../use-time-zone.ts';
import { CheckSection } from './check-section.tsx';
import { RemoveSection } from './remove-section.tsx';
import { TlsSection } from './tls-section.tsx';
import { keyStates, recordNames, stateWords, statusWords } from './words.ts';

const refresh = () =>
  Promise.all([readSender, listSenders].map(({ name }) => queries.invalidateQueries({ queryKey: [name] })));

function RecordSection({ record }: { record: DnsRecord }) {
  const { word, color } = stateWords[record.state];
  return (
    <Section
      title={recordNames[record.purpose]}
      about={record.about}
      aside={
        <Badge variant="light" color={record.isRequired || record.state === 'right' ? color : 'gray'}>
          {record.isRequired || record.state !== 'missing' ? word : 'Optional'}
        </Badge>
      }
    >
      <Stack gap="xs">
        {record.problems.map((problem) => (
          <Text key={problem} size="sm" fw={record.isRequired ? 600 : 400}>
            {problem}
          </Text>
        ))}
        <Text size="sm">Name of the {record.type} record</Text>
        <CodeSample code={record.name} label={`name of the record, ${recordNames[record.purpose]}`} />
        <Text size="sm">Value</Text>
        <CodeSample code={record.value} label={`value of the record, ${recordNames[record.purpose]}`} />
        {record.state === 'wrong' && (
          <>
            <Text size="sm">What stands there now</Text>
            {record.seen.map((text) => (
              <CodeSample key={text} code={text} label="what stands there now" />
            ))}
          </>
        )}
      </Stack>
    </Section>
  );
}

function KeysSection({ sender }: { sender: Sender }) {
  const timeZone = useTimeZone();
  const rotate = useMutation({
    mutationFn: () => call(rotateSenderKeys, { params: { domain: sender.domain } }),
    onSuccess: refresh,
  });
  return (
    <Section
      title="Signing keys"
      about="New keys sign once they are seen in the DNS; the old ones do so until then. Change them about once a year."
      aside={
        <Button variant="default" loading={rotate.isPending} onClick={() => rotate.mutate()}>
          Make new keys
        </Button>
      }
    >
      {rotate.error !== null && <Failure failure={rotate.error} />}
      <ul>
        {sender.keys.map((key) => (
          <li key={key.selector}>
            <code>{key.selector}</code> ({key.algorithm === 'rsa-sha256' ? 'RSA' : 'Ed25519'}) {keyStates[key.state]}
            {key.removableFrom !== null && `; its record may go from ${moment(key.removableFrom, timeZone)} on`}
          </li>
        ))}
      </ul>
    </Section>
  );
}

function Standing({ sender }: { sender: Sender }) {
  const timeZone = useTimeZone();
  const look = useMutation({
    mutationFn: () => call(verifySender, { params: { domain: sender.domain } }),
    onSuccess: refresh,
  });
  return (
    <Section
      title={statusWords[sender.status].word}
      about={statusWords[sender.status].about}
      aside={
        <Button
          leftSection={<IconRefresh size={16} aria-hidden />}
          loading={look.isPending}
          onClick={() => look.mutate()}
        >
          Look at the DNS now
        </Button>
      }
    >
      <Text size="sm" role="status">
        {sender.checkedAt === null
          ? 'Publish the records below where your domain’s DNS is kept, then have it looked at. Changes can take minutes to be seen.'
          : `Looked at ${moment(sender.checkedAt, timeZone)}: ${sender.problems === 0 ? 'everything required is right.' : `required records missing or wrong: ${sender.problems}.`} Waxwing also looks by itself.`}
      </Text>
      {look.error !== null && <Failure failure={look.error} />}
    </Section>
  );
}

export function SenderPage() {
  const { domain = '' } = useParams();
  const answer = useCall(readSender, { params: { domain } });
  return (
    <>
      <PageHead title={domain} above={<BackLink to="/senders">Sender domains</BackLink>} />
      <Answered answer={answer} label="Loading the domain" rows={8}>
        {(sender) => (
          <Stack gap="1.25rem">
            <Standing sender={sender} />
            {sender.records.map((record) => (
              <RecordSection key={record.purpose + record.name} record={record} />
            ))}
            <TlsSection domain={sender.domain} />
            <KeysSection sender={sender} />
            <CheckSection domain={sender.domain} />
            <Group>
              <RemoveSection domain={sender.domain} />
            </Group>
          </Stack>
        )}
      </Answered>
    </>
  );
}
