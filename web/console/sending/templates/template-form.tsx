/** Writes a template: its name, subject and both parts, with what is not well formed said where it is. What is typed is kept as a draft. */
import { Alert, Button, Group, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { changeTemplate, createTemplate, type TemplateBody } from '../../../../src/contract/templates.ts';
import { call } from '../../../shared/client.ts';
import { Section } from '../../elements/section.tsx';
import { Failure } from '../../elements/states.tsx';
import { DraftNote, useDraft } from '../../elements/use-draft.tsx';
import { useMay } from '../../use-may.ts';
import { type FaultPlace, faultPlace, offsetOf, type PartName } from './fault-place.ts';
import { PreviewSection } from './preview-section.tsx';
import { SampleSection } from './sample-section.tsx';
import styles from './template.module.css';
import { usePreview } from './use-preview.ts';
import { useSample } from './use-sample.ts';
import { VersionsSection } from './versions-section.tsx';
import { mayWrite, refreshTemplates, type TypedTemplate, wordsOfTyped } from './words.ts';

const nothing: TypedTemplate = { name: '', subject: '', html: '', text: '' };
/** Together with names and samples a draft takes 64 KiB. */
const draftLengthMax = 60_000;

interface FormProps {
  readonly kept?: TemplateBody;
  readonly first?: TypedTemplate;
  readonly onKept?: (template: TemplateBody) => void;
}

export function TemplateForm({ kept, first = nothing, onKept }: FormProps) {
  const may = useMay()(mayWrite);
  const [typed, setTyped] = useState(first);
  const [missing, setMissing] = useState<string | null>(null);
  const draft = useDraft(kept === undefined ? 'template-new' : `template-${kept.id}`);
  const sample = useSample(typed);
  const preview = usePreview(typed, sample.data);
  const save = useMutation({
    mutationFn: () => {
      const body = wordsOfTyped(typed);
      return kept === undefined
        ? call(createTemplate, { body })
        : call(changeTemplate, { params: { id: kept.id }, body });
    },
    onSuccess: async (template) => {
      draft.forget();
      await refreshTemplates();
      onKept?.(template);
    },
  });
  const change = (part: Partial<TypedTemplate>) => {
    setTyped((before) => ({ ...before, ...part }));
    save.reset();
    setMissing(null);
  };
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (!may) return;
    const lacking = whatIsMissing(typed);
    setMissing(lacking);
    if (lacking === null) save.mutate();
  };
  const fault = faultPlace(save.error) ?? faultPlace(preview.error);
  return (
    <form ref={draft.ref} onSubmit={submit} noValidate>
      <div className={styles.columns}>
        <Stack gap="1.25rem">
          <Section
            title="Words"
            about="The subject and both parts take values such as {{ name }}. Send both parts if you can: not everybody reads HTML."
          >
            <Stack>
              <DraftNote draft={draft} />
              <Fields typed={typed} fault={fault} isReadOnly={!may} onChange={change} />
              {missing !== null && (
                <Alert color="red" variant="light" role="alert">
                  {missing}
                </Alert>
              )}
              {save.error !== null && faultPlace(save.error) === null && <Failure failure={save.error} />}
              {may && (
                <Group>
                  <Button type="submit" loading={save.isPending}>
                    {kept === undefined ? 'Keep the template' : 'Keep the changes'}
                  </Button>
                  <Text size="sm" role="status">
                    {save.data !== undefined && `Kept as version ${save.data.version}.`}
                  </Text>
                </Group>
              )}
            </Stack>
          </Section>
          {kept !== undefined && <VersionsSection template={kept} {...(may ? { onUse: change } : {})} />}
        </Stack>
        <Stack gap="1.25rem">
          <SampleSection sample={sample} />
          <PreviewSection preview={preview} />
        </Stack>
      </div>
    </form>
  );
}

function whatIsMissing({ name, subject, html, text }: TypedTemplate): string | null {
  if (name.trim() === '') return 'Give it a name, so that you know it again.';
  if (subject.trim() === '') return 'Write a subject.';
  return html === '' && text === '' ? 'Write the HTML part, the plain text, or both.' : null;
}

interface FieldsProps {
  readonly typed: TypedTemplate;
  readonly fault: FaultPlace | null;
  readonly isReadOnly: boolean;
  readonly onChange: (part: Partial<TypedTemplate>) => void;
}

function Fields({ typed, fault, isReadOnly, onChange }: FieldsProps) {
  const part = (name: PartName) => ({
    ...{ name, value: typed[name], readOnly: isReadOnly, spellCheck: name === 'subject', autoComplete: 'off' },
    onChange: (event: { currentTarget: { value: string } }) => onChange({ [name]: event.currentTarget.value }),
    ...(fault?.part === name ? { error: fault.words } : {}),
  });
  const isLong = typed.subject.length + typed.html.length + typed.text.length > draftLengthMax;
  return (
    <>
      <TextInput
        name="name"
        label="Name"
        description="For yourselves. Recipients do not see it."
        maxLength={200}
        autoComplete="off"
        readOnly={isReadOnly}
        value={typed.name}
        onChange={(event) => onChange({ name: event.currentTarget.value })}
      />
      <TextInput label="Subject" maxLength={2000} {...part('subject')} />
      <Textarea
        label="HTML"
        autosize
        minRows={10}
        maxRows={24}
        classNames={{ input: styles.code ?? '' }}
        {...part('html')}
      />
      <Textarea
        label="Plain text"
        autosize
        minRows={6}
        maxRows={18}
        classNames={{ input: styles.code ?? '' }}
        {...part('text')}
      />
      {fault !== null && <GoThere fault={fault} text={typed[fault.part]} />}
      {isLong && (
        <Text size="sm" c="dimmed">
          This is longer than what is kept between two visits. Keep the changes before you leave the page.
        </Text>
      )}
    </>
  );
}

const partWords: Readonly<Record<PartName, string>> = { subject: 'subject', html: 'HTML', text: 'plain text' };

function GoThere({ fault, text }: { readonly fault: FaultPlace; readonly text: string }) {
  const go = (form: HTMLFormElement | null) => {
    const field = form?.elements.namedItem(fault.part);
    if (!(field instanceof HTMLInputElement) && !(field instanceof HTMLTextAreaElement)) return;
    const at = offsetOf(text, fault);
    field.focus();
    field.setSelectionRange(at, Math.min(at + 1, text.length));
  };
  return (
    <Button
      variant="default"
      size="xs"
      onClick={(event) => go(event.currentTarget.form)}
      style={{ alignSelf: 'start' }}
    >
      {`Go to line ${fault.line}, column ${fault.column} of the ${partWords[fault.part]}`}
    </Button>
  );
}
