/** Starts judging the past again; as a dry run unless that is unticked. */
import { Button, Checkbox, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { Link, useNavigate } from 'react-router';
import { rulesPath, runPath } from '../../elements/judge-paths.ts';
import { Section } from '../../elements/section.tsx';
import { Failure } from '../../elements/states.tsx';
import { startRun } from '../run/start-run.ts';
import styles from './history-page.module.css';

const isDay = (text: string): boolean => /^\d{4}-\d{2}-\d{2}$/.test(text);

const About = () => (
  <>
    By the rules, lists of networks and settings of now. To try other rules, start at{' '}
    <Link className="quiet-link" to={rulesPath}>
      the rules
    </Link>
    .
  </>
);

export function StartForm({ since: asked }: { since: string }) {
  const navigate = useNavigate();
  const [isDry, setDry] = useState(true);
  const start = useMutation({
    mutationFn: (since: string) => startRun({ dryRun: isDry, ...(since === '' ? {} : { since }) }),
    onSuccess: ({ id }) => navigate(runPath(id)),
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const since = String(new FormData(event.currentTarget).get('since') ?? '');
    start.mutate(since);
  };
  return (
    <Section title="Judge the past again" about={<About />}>
      <form onSubmit={submit} className={styles.form}>
        <TextInput
          type="date"
          name="since"
          label="Mail accepted since"
          description="Left empty, all mail."
          defaultValue={isDay(asked) ? asked : ''}
        />
        <Checkbox
          checked={isDry}
          onChange={(event) => setDry(event.currentTarget.checked)}
          label="Dry run"
          description={
            isDry
              ? 'Tells what would change, and changes nothing.'
              : 'Verdicts are changed and reports follow. Each change is recorded.'
          }
        />
        <Button type="submit" loading={start.isPending}>
          {isDry ? 'Start the dry run' : 'Judge again'}
        </Button>
      </form>
      {start.error !== null && (
        <div className={styles.failure}>
          <Failure failure={start.error} />
        </div>
      )}
    </Section>
  );
}
