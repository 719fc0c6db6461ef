/** What protected one recipient's copy on its way, in words, with the signed receipt as a file. Asked for when it is opened. */
import { Button, Stack, Text } from '@mantine/core';
import { IconDownload, IconShieldCheck } from '@tabler/icons-react';
import { useEffect, useMemo, useState } from 'react';
import { readReceipt } from '../../../src/contract/transport.ts';
import { moment } from '../../shared/format.ts';
import { Answered } from '../elements/states.tsx';
import { useCall } from '../queries.ts';
import { ReleaseTransport } from './release-transport.tsx';
import {
  type Attempt,
  askedSentence,
  certificateSentence,
  policySentence,
  type Receipt,
  releaseSentence,
  triedSentence,
} from './travel-words.ts';

const outcomes = { delivered: 'Delivered', deferred: 'Tried, and to be tried again', bounced: 'Given up' } as const;

function Tried({ attempt, timeZone }: { attempt: Attempt; timeZone: string }) {
  const lines = [
    askedSentence(attempt),
    policySentence(attempt),
    ...attempt.tries.flatMap((tried) => [
      triedSentence(tried, attempt.why, (at) => moment(at, timeZone)),
      certificateSentence(tried, (at) => moment(at, timeZone)),
    ]),
    attempt.tries.length === 0 ? attempt.why.text : null,
    attempt.reply?.text ? `It answered: ${attempt.reply.text}` : null,
  ].filter((line) => line !== null);
  return (
    <li>
      <Text size="sm" fw={600}>
        {outcomes[attempt.outcome]}, {moment(attempt.at, timeZone)}
      </Text>
      {[...new Set(lines)].map((line) => (
        <Text key={line} size="sm" style={{ overflowWrap: 'anywhere' }}>
          {line}
        </Text>
      ))}
    </li>
  );
}

const Release = ({ release, timeZone }: { release: Receipt['releases'][number]; timeZone: string }) => (
  <div>
    <Text size="sm">{releaseSentence(release, (at) => moment(at, timeZone))}</Text>
    {release.reason !== null && (
      <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
        Reason: {release.reason}
      </Text>
    )}
  </div>
);

function Download({ receipt }: { receipt: Receipt }) {
  const address = useMemo(
    () => URL.createObjectURL(new Blob([`${JSON.stringify(receipt, null, 2)}\n`], { type: 'application/json' })),
    [receipt],
  );
  useEffect(() => () => URL.revokeObjectURL(address), [address]);
  return (
    <Button
      component="a"
      href={address}
      download={`receipt-${receipt.recipient}.json`}
      size="xs"
      variant="default"
      leftSection={<IconDownload size={14} aria-hidden />}
    >
      Download the receipt
    </Button>
  );
}

interface HowItTravelledProps {
  readonly messageId: string;
  readonly recipientId: string;
  readonly timeZone: string;
}

function Travelled({ messageId, recipientId, timeZone }: HowItTravelledProps) {
  const answer = useCall(readReceipt, { params: { id: messageId, recipientId } });
  return (
    <Answered answer={answer} label="Loading how it travelled" rows={2}>
      {(receipt) => (
        <Stack gap="sm" align="flex-start">
          {receipt.attempts.length === 0 ? (
            <Text size="sm">It has not been tried yet.</Text>
          ) : (
            <Stack component="ol" gap="sm" m={0} pl="md">
              {receipt.attempts.map((attempt) => (
                <Tried key={attempt.at} attempt={attempt} timeZone={timeZone} />
              ))}
            </Stack>
          )}
          {receipt.releases.map((release) => (
            <Release key={release.releasedAt} release={release} timeZone={timeZone} />
          ))}
          <ReleaseTransport receipt={receipt} />
          <Download receipt={receipt} />
        </Stack>
      )}
    </Answered>
  );
}

/** Reading a receipt stands in the audit log, so it is read when somebody asks for it. */
export function HowItTravelled(props: HowItTravelledProps) {
  const [isOpen, setOpen] = useState(false);
  return (
    <Stack gap="xs" mb="md" align="flex-start">
      <Button
        size="xs"
        variant="default"
        aria-expanded={isOpen}
        leftSection={<IconShieldCheck size={14} aria-hidden />}
        onClick={() => setOpen(!isOpen)}
      >
        How it travelled
      </Button>
      {isOpen && <Travelled {...props} />}
    </Stack>
  );
}
