/** The account's outbound settings, each with what it does in plain words. A change holds at once. */
import { NativeSelect, SegmentedControl, Select, Stack } from '@mantine/core';
import { IconCheck } from '@tabler/icons-react';
import { Link } from 'react-router';
import type { OutboundSettings } from '../../../src/contract/settings.ts';
import type { TrackingLevel, View } from '../../../src/contract/values.ts';
import { PageHead } from '../elements/page-head.tsx';
import { Section } from '../elements/section.tsx';
import { Answered, Failure } from '../elements/states.tsx';
import { viewSentences, views } from '../elements/views.ts';
import { Judging } from './judging-section.tsx';
import { Privacy } from './privacy-section.tsx';
import { SettingRow, SwitchRow } from './setting-row.tsx';
import styles from './settings-page.module.css';
import { Unsubscribing } from './unsubscribe-section.tsx';
import { type PartProps, useSettings } from './use-settings.ts';

const Counting = ({ settings, onChange }: PartProps) => (
  <Section title="What counts" about="Switching is instant and can be undone: no stored event is ever changed.">
    <SwitchRow
      name="Suppress automated events"
      about="Opens and clicks by machines stay in the log, but do not mark a message as opened or clicked and count in no rate. A single report can still show them."
      isOn={settings.suppressAutomatedEvents}
      onChange={(suppressAutomatedEvents) => onChange({ suppressAutomatedEvents })}
    />
    <SettingRow name="How readily to call it a machine" about={viewSentences[settings.view]}>
      {(labels) => (
        <SegmentedControl
          data={[...views]}
          value={settings.view}
          onChange={(view) => onChange({ view: view as View })}
          {...labels}
        />
      )}
    </SettingRow>
  </Section>
);

const levels = [
  { value: 'identified', label: 'Each person' },
  { value: 'anonymous', label: 'Count only' },
  { value: 'off', label: 'Nothing' },
] as const;

const levelSentences: Readonly<Record<TrackingLevel, string>> = {
  identified: 'Opens and clicks are kept with the recipient, unless the recipient or the message asks for less.',
  anonymous: 'Opens and clicks are only counted and never joined to a person.',
  off: 'No pixel is added and no link is changed, in any message.',
};

const Tracking = ({ settings, onChange }: PartProps) => (
  <Section
    title="Tracking"
    about="Holds for messages accepted from now on. The strictest of account, message and recipient wins."
  >
    <SettingRow name="How far recipients are followed" about={levelSentences[settings.trackingLevel]}>
      {(labels) => (
        <SegmentedControl
          data={[...levels]}
          value={settings.trackingLevel}
          onChange={(level) => onChange({ trackingLevel: level as TrackingLevel })}
          {...labels}
        />
      )}
    </SettingRow>
    <SwitchRow
      name="Track opens"
      about="Adds one invisible image to the HTML of a message. Nothing else of the message is touched."
      isOn={settings.trackOpens}
      onChange={(trackOpens) => onChange({ trackOpens })}
    />
    <SwitchRow
      name="Track clicks"
      about="Links lead through your own tracking address and on to the page. Unsubscribe, mail and phone links are never changed."
      isOn={settings.trackClicks}
      onChange={(trackClicks) => onChange({ trackClicks })}
    />
    <SwitchRow
      name="Track links in plain text too"
      about="Recipients who read plain text then see the tracking address instead of the page’s own."
      isOn={settings.trackPlainText}
      onChange={(trackPlainText) => onChange({ trackPlainText })}
    />
  </Section>
);

const transports = [
  { value: 'plain', label: 'Any connection' },
  { value: 'opportunistic', label: 'Encrypted where possible' },
  { value: 'verified', label: 'Encrypted, certificate checked' },
  { value: 'authenticated', label: 'Encrypted, identity proven' },
] as const;

const transportSentences: Readonly<Record<OutboundSettings['minimumTransport'], string>> = {
  plain: 'Messages may leave without encryption. Not fit for health information.',
  opportunistic: 'Encryption is used wherever the receiving server offers it.',
  verified:
    'Only over TLS 1.2 or newer, to a server whose certificate is valid for its name. Otherwise the message waits.',
  authenticated: 'Only where MTA-STS or DANE proves who the server is. Otherwise the message waits.',
};

const isTransport = (value: string): value is OutboundSettings['minimumTransport'] => value in transportSentences;

const Delivery = ({ settings, onChange }: PartProps) => (
  <Section title="Delivery" about="A message that cannot leave safely enough waits, and its timeline says why.">
    <SettingRow name="Least protection on the way" about={transportSentences[settings.minimumTransport]}>
      {(labels) => (
        <NativeSelect
          className={styles.select ?? ''}
          data={[...transports]}
          value={settings.minimumTransport}
          onChange={({ currentTarget: { value } }) => isTransport(value) && onChange({ minimumTransport: value })}
          {...labels}
        />
      )}
    </SettingRow>
    <SwitchRow
      name="Only from verified domains"
      about="Messages from a sender domain that has not been verified are refused. While this is off they are sent, with a warning."
      isOn={settings.requireVerifiedSender}
      onChange={(requireVerifiedSender) => onChange({ requireVerifiedSender })}
    />
  </Section>
);

const timeZonesWith = (chosen: string): string[] => [
  ...new Set(['UTC', chosen, ...Intl.supportedValuesOf('timeZone')]),
];

const Time = ({ settings, onChange }: PartProps) => (
  <Section title="Time">
    <SettingRow
      name="Time zone"
      about="In which days of reports begin and times are written. Days of mail already accepted stay as they are."
    >
      {(labels) => (
        <Select
          className={styles.select ?? ''}
          data={timeZonesWith(settings.timeZone)}
          value={settings.timeZone}
          searchable
          allowDeselect={false}
          limit={60}
          nothingFoundMessage="No such time zone"
          onChange={(timeZone) => timeZone !== null && onChange({ timeZone })}
          {...labels}
        />
      )}
    </SettingRow>
  </Section>
);

const Audit = () => (
  <Section
    title="Audit log"
    about={
      <>
        Every change made here is written down.{' '}
        <Link className="quiet-link" to="/trust/audit">
          Export the audit log, or check one
        </Link>
        .
      </>
    }
  />
);

const Webhooks = () => (
  <Section
    title="Webhooks"
    about={
      <>
        Your own programs can be told when mail is delivered, returned, opened or clicked.{' '}
        <Link className="quiet-link" to="/settings/webhooks">
          Set up webhooks
        </Link>
        .
      </>
    }
  />
);

type Save = ReturnType<typeof useSettings>['save'];

const Saved = ({ save }: { save: Save }) => (
  <div className={styles.saved} role="status" data-shown={save.isSuccess || undefined}>
    {save.isSuccess && (
      <span key={save.submittedAt}>
        <IconCheck size={16} stroke={2.2} aria-hidden /> Saved
      </span>
    )}
  </div>
);

export function SettingsPage() {
  const { answer, save } = useSettings();
  return (
    <>
      <PageHead
        title="Outbound settings"
        about="How this account’s mail leaves and how its opens and clicks are counted. Changes are saved as you make them."
        actions={<Saved save={save} />}
      />
      {save.error !== null && (
        <div className={styles.failure}>
          <Failure failure={save.error} onRetry={() => save.mutate(save.variables ?? {})} />
        </div>
      )}
      <Answered answer={answer} label="Loading the settings" rows={10}>
        {(settings) => (
          <Stack gap="1.25rem" maw="58rem">
            <Counting settings={settings} onChange={save.mutate} />
            <Tracking settings={settings} onChange={save.mutate} />
            <Judging settings={settings} onChange={save.mutate} />
            <Privacy settings={settings} onChange={save.mutate} />
            <Unsubscribing settings={settings} onChange={save.mutate} />
            <Delivery settings={settings} onChange={save.mutate} />
            <Time settings={settings} onChange={save.mutate} />
            <Webhooks />
            <Audit />
          </Stack>
        )}
      </Answered>
    </>
  );
}
