/** Lists of networks as rows. */
import { IconAlertTriangle, IconClockExclamation } from '@tabler/icons-react';
import { count, moment } from '../../../shared/format.ts';
import { Cell, DataTable } from '../../elements/data-table.tsx';
import { ageWords, meaningOf, type NetworkList, originWords } from './list-words.ts';
import styles from './networks-page.module.css';

const columns = [
  { label: 'List', width: '34%' },
  { label: 'What an address in it means', isExtra: true },
  { label: 'Networks', isNumber: true },
  { label: 'Age' },
];

const Stale = () => (
  <span className={styles.stale}>
    <IconClockExclamation size={14} aria-hidden /> Stale: what it makes certain is only probable
  </span>
);

const Refused = ({ refusal, timeZone }: { refusal: NonNullable<NetworkList['lastRefusal']>; timeZone: string }) => (
  <span className={styles.refused}>
    <IconAlertTriangle size={14} aria-hidden />
    <span>
      Not renewed {moment(refusal.at, timeZone)}: {refusal.text}
    </span>
  </span>
);

const Row = ({ list, timeZone }: { list: NetworkList; timeZone: string }) => (
  <tr>
    <Cell>
      <div className={styles.name}>
        <strong>{list.name}</strong>
        <span className={styles.narrow}>{meaningOf(list.class)}</span>
        <span>{originWords(list)}</span>
        {list.lastRefusal !== null && <Refused refusal={list.lastRefusal} timeZone={timeZone} />}
      </div>
    </Cell>
    <Cell isExtra>{meaningOf(list.class)}</Cell>
    <Cell isNumber>{count(list.prefixes)}</Cell>
    <Cell>
      <div className={styles.age}>
        <span>{ageWords(list.ageDays)}</span>
        {list.isStale && <Stale />}
        {list.checkedAt !== null && <span className={styles.checked}>Asked {moment(list.checkedAt, timeZone)}</span>}
      </div>
    </Cell>
  </tr>
);

export const ListTable = ({ lists, timeZone }: { lists: readonly NetworkList[]; timeZone: string }) => (
  <DataTable caption="Lists of networks" columns={columns}>
    {lists.map((list) => (
      <Row key={list.name} list={list} timeZone={timeZone} />
    ))}
  </DataTable>
);
