/** Users and groups from the organisation's directory: how it is connected, what its groups mean here, and what went wrong. */
import { Button, Stack, Text } from '@mantine/core';
import { IconKey } from '@tabler/icons-react';
import { useState } from 'react';
import { listDepartments } from '../../../../src/contract/people.ts';
import { readProvisioning } from '../../../../src/contract/provisioning.ts';
import { moment } from '../../../shared/format.ts';
import { CodeSample } from '../../elements/code-sample.tsx';
import { PageHead } from '../../elements/page-head.tsx';
import { Section } from '../../elements/section.tsx';
import { Answered } from '../../elements/states.tsx';
import { useCall } from '../../queries.ts';
import { useTimeZone } from '../../use-time-zone.ts';
import styles from '../people-page.module.css';
import { FallbackSection } from './fallback-section.tsx';
import { GroupTable } from './group-table.tsx';
import { KeyDialog } from './key-dialog.tsx';
import { actWords, type Provisioning } from './words.ts';

function Connect({ baseUrl, lastHeardAt }: Pick<Provisioning, 'baseUrl' | 'lastHeardAt'>) {
  const timeZone = useTimeZone();
  const [isMaking, setMaking] = useState(false);
  return (
    <Section
      title="Connect the directory"
      about="Microsoft Entra ID, Okta, OneLogin, JumpCloud and others speak SCIM 2.0. Give yours this address and a key."
      aside={
        <Button leftSection={<IconKey size={16} aria-hidden />} onClick={() => setMaking(true)}>
          Make a key
        </Button>
      }
    >
      <CodeSample label="Address for the directory" code={baseUrl} />
      <Text size="sm" mt="sm">
        {lastHeardAt === null
          ? 'The directory was not heard of yet.'
          : `The directory was last heard of on ${moment(lastHeardAt, timeZone)}.`}
      </Text>
      <Text size="sm" mt="xs" c="dimmed">
        Users who come this way have nothing to sign in with yet: they use single sign-on, or an invitation that you
        send from the page Users.
      </Text>
      <KeyDialog isOpen={isMaking} onClose={() => setMaking(false)} />
    </Section>
  );
}

function Faults({ faults }: Pick<Provisioning, 'faults'>) {
  const timeZone = useTimeZone();
  return (
    <Section title="Refused lately" about="What the directory asked for and was not given: the last 20.">
      <ul className={styles.list}>
        {faults.length === 0 && <li>Nothing was refused.</li>}
        {faults.map((fault) => (
          <li key={fault.id} className={styles.row}>
            <div className={styles.name}>
              <strong>
                When {actWords(fault.request)}: {fault.title}
              </strong>
              <span>{fault.remedy}</span>
            </div>
            <span>{moment(fault.at, timeZone)}</span>
          </li>
        ))}
      </ul>
    </Section>
  );
}

export function ProvisioningPage() {
  const answer = useCall(readProvisioning, {});
  const departments = useCall(listDepartments, {}).data?.departments ?? [];
  return (
    <>
      <PageHead
        title="Provisioning"
        about="The organisation’s directory makes, changes and ends users by itself. Whoever it deactivates is out everywhere within seconds: sessions, API keys, SMTP."
      />
      <Answered answer={answer} label="Loading provisioning">
        {({ baseUrl, lastHeardAt, groups, faults, defaultRole, withoutGroup }) => (
          <Stack gap="1.25rem">
            <Connect baseUrl={baseUrl} lastHeardAt={lastHeardAt} />
            <Section
              title="Groups"
              about="Members get what their groups give: of several roles the strongest, of several departments the one of the oldest group. It holds at once."
            >
              {groups.length === 0 ? (
                <Text size="sm">No group yet. Assign groups to Waxwing in the directory, and they appear here.</Text>
              ) : (
                <GroupTable groups={groups} departments={departments} />
              )}
            </Section>
            <FallbackSection settings={{ defaultRole, withoutGroup }} />
            <Faults faults={faults} />
          </Stack>
        )}
      </Answered>
    </>
  );
}
