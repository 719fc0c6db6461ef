/** What a template said before: the last 50 versions, each to be looked at and taken back into the form. */
import { Button, Group, NativeSelect, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { readTemplate, type TemplateBody } from '../../../../src/contract/templates.ts';
import { moment } from '../../../shared/format.ts';
import { Section } from '../../elements/section.tsx';
import { Answered } from '../../elements/states.tsx';
import { useCall } from '../../queries.ts';
import { useTimeZone } from '../../use-time-zone.ts';
import styles from './template.module.css';
import { type TypedTemplate, typedOf } from './words.ts';

const keptVersions = 50;

interface VersionsProps {
  readonly template: TemplateBody;
  /** Absent: only to be looked at. */
  readonly onUse?: (words: TypedTemplate) => void;
}

export function VersionsSection({ template: { id, version }, onUse }: VersionsProps) {
  const [chosen, setChosen] = useState<number | null>(null);
  const before = Array.from({ length: Math.min(version - 1, keptVersions - 1) }, (_, n) => version - 1 - n);
  return (
    <Section title="Versions" about="Each change makes a new one. The last 50 are kept.">
      {before.length === 0 ? (
        <Text size="sm" c="dimmed">
          This is the first.
        </Text>
      ) : (
        <Stack>
          <NativeSelect
            label="Look at an earlier version"
            value={chosen === null ? '' : String(chosen)}
            onChange={(event) => setChosen(Number(event.currentTarget.value) || null)}
            data={[
              { value: '', label: `Version ${version}, as it is now` },
              ...before.map((one) => ({ value: String(one), label: `Version ${one}` })),
            ]}
          />
          {chosen !== null && <Earlier key={chosen} id={id} version={chosen} {...(onUse ? { onUse } : {})} />}
        </Stack>
      )}
    </Section>
  );
}

function Earlier({ id, version, onUse }: { id: string; version: number; onUse?: (words: TypedTemplate) => void }) {
  const answer = useCall(readTemplate, { params: { id }, query: { version } });
  const timeZone = useTimeZone();
  return (
    <Answered answer={answer} label="Loading the version" rows={2}>
      {(template) => (
        <Stack gap="sm">
          <Text size="sm">{`“${template.name}”, written ${moment(template.updatedAt, timeZone)}. Subject: ${template.subject}`}</Text>
          {template.html !== null && <pre className={styles.plain}>{template.html}</pre>}
          {template.text !== null && <pre className={styles.plain}>{template.text}</pre>}
          {onUse !== undefined && (
            <Group>
              <Button variant="default" onClick={() => onUse(typedOf(template))}>
                {`Put the words of version ${version} into the form`}
              </Button>
            </Group>
          )}
        </Stack>
      )}
    </Answered>
  );
}
