/** What a copy would look like: subject, HTML in a frame in which nothing runs or loads, and plain text. */
import { Alert, Stack, Text } from '@mantine/core';
import { useMemo } from 'react';
import { Refusal } from '../../../shared/client.ts';
import { plural } from '../../../shared/format.ts';
import { Section } from '../../elements/section.tsx';
import { Failure } from '../../elements/states.tsx';
import { styleNonce } from '../../nonce.ts';
import { faultPlace } from './fault-place.ts';
import { previewDocument } from './preview-document.ts';
import styles from './template.module.css';
import type { Preview } from './use-preview.ts';

export const PreviewSection = ({ preview }: { readonly preview: Preview }) => (
  <Section title="Preview" about="What a recipient with these values would read.">
    <Stack>
      <div role="status">{preview.lacking !== null && <Lacking words={preview.lacking} />}</div>
      {preview.error !== null && <Fault error={preview.error} />}
      {preview.shown !== null && (
        <>
          <div>
            <Text size="sm" c="dimmed">
              Subject
            </Text>
            <Text fw={600} style={{ overflowWrap: 'anywhere' }}>
              {preview.shown.subject || '–'}
            </Text>
          </div>
          {preview.shown.html !== null && <HtmlPart html={preview.shown.html} />}
          {preview.shown.text !== null && (
            <div>
              <Text size="sm" c="dimmed">
                Plain text
              </Text>
              <pre className={styles.plain}>{preview.shown.text}</pre>
            </div>
          )}
        </>
      )}
      {preview.shown === null && preview.error === null && (
        <Text size="sm" c="dimmed">
          It appears here as you write.
        </Text>
      )}
    </Stack>
  </Section>
);

const Lacking = ({ words }: { readonly words: string }) => (
  <Alert variant="default" title={words}>
    A recipient without it is refused, unless the template says what to write instead, such as{' '}
    {'{{ name | default: "patient" }}'}. Here its place is left empty.
  </Alert>
);

function Fault({ error }: { readonly error: Error }) {
  const place = faultPlace(error);
  if (place !== null)
    return (
      <Text size="sm" c="dimmed">
        The template is not well formed. The preview comes back when the place beside its field is put right.
      </Text>
    );
  if (error instanceof Refusal && error.code === 'template.value_unusable')
    return (
      <Alert color="red" variant="light" role="alert" title="A value cannot stand where the template puts it.">
        {error.fields.map(({ message }) => message).join(' ')}
      </Alert>
    );
  return <Failure failure={error} />;
}

function HtmlPart({ html }: { readonly html: string }) {
  const { page, leftOut } = useMemo(() => previewDocument(html, styleNonce()), [html]);
  return (
    <div>
      <Text size="sm" c="dimmed" mb={4}>
        HTML
      </Text>
      <iframe
        title="The HTML part as it would look"
        sandbox=""
        referrerPolicy="no-referrer"
        srcDoc={page}
        className={styles.frame}
      />
      <Text size="xs" c="dimmed" mt={4}>
        Mail programs differ, and this is none of them. Links lead nowhere here.
        {leftOut > 0 &&
          ` ${plural(leftOut, 'file')} from elsewhere, such as pictures, ${leftOut === 1 ? 'is' : 'are'} left out: nobody learns of the preview.`}
      </Text>
    </div>
  );
}
