/** Sample values for the preview. Nothing of them is sent to anybody. */
import { SegmentedControl, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { Section } from '../../elements/section.tsx';
import type { AskedValue } from './asked-values.ts';
import styles from './template.module.css';
import type { Sample } from './use-sample.ts';

export const SampleSection = ({ sample }: { readonly sample: Sample }) => (
  <Section title="Sample values" about="As one recipient’s might be. They are for the preview alone.">
    <Stack>
      <SegmentedControl
        value={sample.isJson ? 'json' : 'fields'}
        onChange={(value) => sample.showJson(value === 'json')}
        data={[
          { value: 'fields', label: 'One by one' },
          { value: 'json', label: 'As JSON' },
        ]}
        aria-label="How to give sample values"
        style={{ alignSelf: 'start' }}
      />
      {sample.isJson ? <Json sample={sample} /> : <Fields sample={sample} />}
    </Stack>
  </Section>
);

const Json = ({ sample }: { readonly sample: Sample }) => (
  <Textarea
    name="sample-json"
    label="Values as one JSON object"
    autosize
    minRows={5}
    maxRows={16}
    spellCheck={false}
    classNames={{ input: styles.code ?? '' }}
    value={sample.json}
    onChange={(event) => sample.typeJson(event.currentTarget.value)}
    {...(sample.data === null ? { error: 'This is not one JSON object, such as {"name": "Ana"}.' } : {})}
  />
);

function Fields({ sample }: { readonly sample: Sample }) {
  return (
    <>
      {sample.values.map((value) => (
        <Field key={value.path} value={value} sample={sample} />
      ))}
      {sample.values.length === 0 && !sample.needsJson && (
        <Text size="sm" c="dimmed">
          The template asks for no values: every copy reads alike.
        </Text>
      )}
      {sample.needsJson && (
        <Text size="sm" c="dimmed">
          It goes through a list whose entries have parts of their own. Give that one as JSON.
        </Text>
      )}
    </>
  );
}

function Field({ value: { path, isList }, sample }: { readonly value: AskedValue; readonly sample: Sample }) {
  const field = {
    ...{ name: `sample-${path}`.slice(0, 100), label: path, value: sample.typed[path] ?? '', autoComplete: 'off' },
    onChange: (event: { currentTarget: { value: string } }) => sample.type(path, event.currentTarget.value),
  };
  return isList ? (
    <Textarea autosize minRows={2} description="A list: one entry a line." {...field} />
  ) : (
    // Return would keep the template: these are no part of it.
    <TextInput {...field} onKeyDown={(event) => void (event.key === 'Enter' && event.preventDefault())} />
  );
}
