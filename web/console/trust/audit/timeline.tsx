/** Entries of the audit log by day, newest first. Each unfolds to all that is known of it. */
import { Badge, Title } from '@mantine/core';
import { Link } from 'react-router';
import type { AuditEntryAnswer } from '../../../../src/contract/audit.ts';
import { clockOfMoment, dayOfMoment, exactMoment } from '../../../shared/format.ts';
import { nameOf, pathOf, whatOf, whoOf } from './entry-words.ts';
import styles from './timeline.module.css';

interface EntriesProps {
  readonly entries: readonly AuditEntryAnswer[];
  readonly timeZone: string;
}

export function Timeline({ entries, timeZone }: EntriesProps) {
  const days = [...Map.groupBy(entries, ({ at }) => dayOfMoment(at, timeZone))];
  return (
    <>
      {days.map(([date, ofDay]) => (
        <section key={date} className={styles.day} aria-label={date}>
          <Title order={3} className={styles.date ?? ''}>
            {date}
          </Title>
          <ol className={styles.list}>
            {ofDay.map((entry) => (
              <Entry key={entry.id} entry={entry} timeZone={timeZone} />
            ))}
          </ol>
        </section>
      ))}
    </>
  );
}

const Entry = ({ entry, timeZone }: { entry: AuditEntryAnswer; timeZone: string }) => (
  <li>
    <details className={styles.entry}>
      <summary>
        <time dateTime={entry.at}>{clockOfMoment(entry.at, timeZone)}</time>
        <span>
          <strong>{whoOf(entry)}</strong> {whatOf(entry)}
          {entry.object.name !== null && <> – {entry.object.name}</>}
        </span>
        {entry.outcome === 'refused' && (
          <Badge variant="default" className={styles.refused ?? ''}>
            Refused
          </Badge>
        )}
        {entry.reason?.kind === 'emergency' && (
          <Badge variant="default" className={styles.refused ?? ''}>
            Emergency access
          </Badge>
        )}
      </summary>
      <Facts entry={entry} timeZone={timeZone} />
    </details>
  </li>
);

const Fact = ({ name, children }: { name: string; children: React.ReactNode }) => (
  <div>
    <dt>{name}</dt>
    <dd>{children}</dd>
  </div>
);

const narrowed = (filter: string): string => `/trust/audit?${filter}`;

function Facts({ entry, timeZone }: { entry: AuditEntryAnswer; timeZone: string }) {
  const { actor, object, department, reason, address, detail } = entry;
  const path = pathOf(object);
  return (
    <dl className={styles.facts}>
      <Fact name="When">{exactMoment(entry.at, timeZone)}</Fact>
      <Fact name="Who">
        {whoOf(entry)}
        {actor.id !== null && (
          <Link className="quiet-link" to={narrowed(`actorId=${encodeURIComponent(actor.id)}`)}>
            What they did
          </Link>
        )}
      </Fact>
      {department !== null && <Fact name="Department">{department.name ?? department.id}</Fact>}
      {address !== null && <Fact name="From">{address}</Fact>}
      <Fact name="On">
        {object.name ?? nameOf(object.kind.replaceAll('-', ' '))}
        {object.id !== null && <code>{object.id}</code>}
        {path !== undefined && (
          <Link className="quiet-link" to={path}>
            Open
          </Link>
        )}
        {object.id !== null && (
          <Link className="quiet-link" to={narrowed(`objectId=${encodeURIComponent(object.id)}`)}>
            All about this
          </Link>
        )}
      </Fact>
      {reason?.kind === 'emergency' && (
        <Fact name="Reason">
          Emergency access
          <Link className="quiet-link" to="/trust/emergency">
            Open
          </Link>
        </Fact>
      )}
      {Object.keys(detail).length > 0 && (
        <Fact name="Details">
          <code>{JSON.stringify(detail)}</code>
        </Fact>
      )}
      <Fact name="Name of the action">
        <code>{entry.action}</code>
      </Fact>
    </dl>
  );
}
