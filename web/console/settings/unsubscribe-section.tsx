/** How recipients leave mass mail: the fields that Waxwing adds, and what the page of the link says. */
import { Button, NativeSelect, Textarea, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import type { OutboundSettings } from '../../../src/contract/settings.ts';
import {
  readUnsubscribePage,
  setUnsubscribePage,
  type UnsubscribePageBody,
} from '../../../src/contract/unsubscribing.ts';
import { call } from '../../shared/client.ts';
import { Section } from '../elements/section.tsx';
import { Answered, Failure } from '../elements/states.tsx';
import { queries, queryOf, useCall } from '../queries.ts';
import { SettingRow, SwitchRow } from './setting-row.tsx';
import styles from './settings-page.module.css';
import type { PartProps } from './use-settings.ts';

const feedbacks = [
  { value: 'opaque', label: 'Campaign as a code' },
  { value: 'named', label: 'Campaign by its name' },
  { value: 'off', label: 'Nothing' },
] as const;

const feedbackSentences: Readonly<Record<OutboundSettings['feedbackId'], string>> = {
  opaque:
    'Marketing mail tells Gmail a code for its campaign, so that complaints can be told apart there. It names nothing.',
  named: 'Marketing mail tells Gmail the name of its campaign. Every recipient can read it in the message’s header.',
  off: 'Marketing mail carries no Feedback-ID of ours.',
};

const isFeedback = (value: string): value is OutboundSettings['feedbackId'] => value in feedbackSentences;
const { queryKey } = queryOf(readUnsubscribePage, {});
const orNull = (text: string): string | null => (text.trim() === '' ? null : text.trim());

function PageForm({ page }: { readonly page: UnsubscribePageBody }) {
  const [organisation, setOrganisation] = useState(page.organisation ?? '');
  const [words, setWords] = useState(page.words ?? '');
  const save = useMutation({
    mutationFn: (body: UnsubscribePageBody) => call(setUnsubscribePage, { body }),
    onSuccess: (saved) => queries.setQueryData(queryKey, saved),
  });
  const isSame = orNull(organisation) === page.organisation && orNull(words) === page.words;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate({ organisation: orNull(organisation), words: orNull(words) });
  };
  return (
    <form className={styles.page} onSubmit={submit}>
      <TextInput
        label="Whose mail it is"
        description="As recipients know you. Left empty: the name of this account."
        value={organisation}
        maxLength={100}
        onChange={(event) => setOrganisation(event.currentTarget.value)}
      />
      <Textarea
        label="Your own words"
        description="Plain text below ours. Anybody who has a link can read it."
        value={words}
        maxLength={1_000}
        autosize
        minRows={2}
        onChange={(event) => setWords(event.currentTarget.value)}
      />
      {save.error !== null && <Failure failure={save.error} onRetry={() => save.mutate(save.variables ?? page)} />}
      <div>
        <Button type="submit" variant="default" disabled={isSame} loading={save.isPending}>
          Save the page
        </Button>
      </div>
    </form>
  );
}

export function Unsubscribing({ settings, onChange }: PartProps) {
  const answer = useCall(readUnsubscribePage, {});
  return (
    <Section
      title="Unsubscribing"
      about="Whoever unsubscribes gets no more marketing mail from this account at once; messages about their own matters still come."
    >
      <SwitchRow
        name="Let mail programs unsubscribe with one click"
        about="Adds the two header fields that Gmail and Yahoo ask of mass mail to marketing messages that bring none of their own. Switch it off only if you have another way for recipients to leave."
        isOn={settings.oneClickUnsubscribe}
        onChange={(oneClickUnsubscribe) => onChange({ oneClickUnsubscribe })}
      />
      <SwitchRow
        name="Do so for mail that comes by SMTP too"
        about="Off, the header fields of what your own programs submit stay exactly as they wrote them."
        isOn={settings.listFieldsBySmtp}
        onChange={(listFieldsBySmtp) => onChange({ listFieldsBySmtp })}
      />
      <SettingRow name="What Gmail’s complaint reports are about" about={feedbackSentences[settings.feedbackId]}>
        {(labels) => (
          <NativeSelect
            className={styles.select ?? ''}
            data={[...feedbacks]}
            value={settings.feedbackId}
            onChange={({ currentTarget: { value } }) => isFeedback(value) && onChange({ feedbackId: value })}
            {...labels}
          />
        )}
      </SettingRow>
      <Answered answer={answer} label="Loading the page’s words" rows={2}>
        {(page) => <PageForm page={page} />}
      </Answered>
    </Section>
  );
}
