/** Shows what to publish so that the domains of a connection count, what is seen of it, and has it looked at now. */
import { Button, Group, Text } from '@mantine/core';
import { IconAlertCircle, IconCircleCheck } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import {
  checkSignOnDomains,
  type SignOnConnection,
  type SignOnDomain,
} from '../../../../src/contract/single-sign-on.ts';
import { call } from '../../../shared/client.ts';
import { exactMoment } from '../../../shared/format.ts';
import { CodeSample } from '../../elements/code-sample.tsx';
import { Failure } from '../../elements/states.tsx';
import { useTimeZone } from '../../use-time-zone.ts';
import { Part, refreshConnections } from './part.tsx';
import styles from './sign-on-page.module.css';
import { sightWords } from './words.ts';

function Standing({ proof }: { proof: SignOnDomain }) {
  const timeZone = useTimeZone();
  const isGood = proof.state === 'proved';
  const Icon = isGood ? IconCircleCheck : IconAlertCircle;
  return (
    <Group gap="xs" wrap="nowrap" align="flex-start" {...(isGood ? {} : { c: 'var(--wax)' })}>
      <Icon size={18} className={styles.icon} aria-hidden />
      <Text size="sm">
        {isGood && 'This domain is yours. Leave the record where it is: it is looked at every day. '}
        {proof.state === 'unproved' && 'Nobody comes in by this domain yet. '}
        {proof.endsAt !== null &&
          `Its record is no longer seen. Publish it again: people of this domain come in until ${exactMoment(proof.endsAt, timeZone)}. `}
        {sightWords(proof)}
        {proof.checkedAt !== null && ` Last look: ${exactMoment(proof.checkedAt, timeZone)}.`}
      </Text>
    </Group>
  );
}

const Found = ({ texts }: { texts: readonly string[] }) => (
  <div>
    <div className={styles.label}>What stands there instead</div>
    <ul className={styles.findings}>
      {texts.map((text) => (
        <li key={text}>
          <code>{text}</code>
        </li>
      ))}
    </ul>
  </div>
);

function DomainProof({ proof, found }: { proof: SignOnDomain; found: readonly string[] }) {
  const { domain, record, lastSeen, state } = proof;
  return (
    <div className={styles.codes}>
      <Text fw={600}>{domain}</Text>
      <div role="status">
        <Standing proof={proof} />
      </div>
      {state !== 'proved' && (
        <>
          <div>
            <div className={styles.label}>Name of the TXT record</div>
            <CodeSample label={`Name of the TXT record for ${domain}`} code={record.name} />
          </div>
          <div>
            <div className={styles.label}>Its text</div>
            <CodeSample label={`Text of the TXT record for ${domain}`} code={record.value} />
          </div>
        </>
      )}
      {lastSeen === 'wrong' && found.length > 0 && <Found texts={found} />}
    </div>
  );
}

export function DomainsPart({ connection }: { connection: SignOnConnection }) {
  const { id, domainProofs } = connection;
  const look = useMutation({
    mutationFn: () => call(checkSignOnDomains, { params: { id }, body: {} }),
    onSuccess: refreshConnections,
  });
  const foundAt = (domain: string): readonly string[] =>
    look.data?.domains.find((one) => one.domain === domain)?.found ?? [];
  return (
    <Part
      title="4. Show that the domains are yours"
      about="Whoever runs the DNS of a domain publishes a record there, and leaves it. Until it is seen, nobody of that domain is sent to this provider, made a user or let in by it."
    >
      {domainProofs.length === 0 ? (
        <Text size="sm">Name your domains above first.</Text>
      ) : (
        <div className={styles.fields}>
          {domainProofs.map((proof) => (
            <DomainProof key={proof.domain} proof={proof} found={foundAt(proof.domain)} />
          ))}
          <div>
            <Button variant="default" loading={look.isPending} onClick={() => look.mutate()}>
              Check now
            </Button>
          </div>
          {look.error !== null && <Failure failure={look.error} />}
        </div>
      )}
    </Part>
  );
}
