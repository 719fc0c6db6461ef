/** A table that scrolls inside itself on small screens and is named for those who cannot see it. */
import { Table } from '@mantine/core';
import type { ReactNode } from 'react';
import styles from './data-table.module.css';

export interface Column {
  readonly label: ReactNode;
  readonly isNumber?: boolean;
  /** Left out on small screens; the number is still on the row's own page. */
  readonly isExtra?: boolean;
  readonly width?: string;
}

interface DataTableProps {
  readonly caption: string;
  readonly columns: readonly Column[];
  readonly minWidth?: string;
  readonly children: ReactNode;
}

export const classesOf = (column: Pick<Column, 'isNumber' | 'isExtra'>): string =>
  [column.isNumber ? styles.number : '', column.isExtra ? styles.extra : ''].join(' ').trim();

export const DataTable = ({ caption, columns, minWidth, children }: DataTableProps) => (
  // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling box must be reachable by keyboard (WCAG 2.1.1)
  <div className={styles.scroll} tabIndex={0} role="group" aria-label={caption}>
    <Table {...(minWidth === undefined ? {} : { miw: minWidth })}>
      <caption className="unseen">{caption}</caption>
      <thead>
        <tr>
          {columns.map((column, index) => (
            <th
              // biome-ignore lint/suspicious/noArrayIndexKey: columns never move
              key={index}
              scope="col"
              className={classesOf(column)}
              style={column.width === undefined ? undefined : { width: column.width }}
            >
              {column.label}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>{children}</tbody>
    </Table>
  </div>
);

interface CellProps extends Pick<Column, 'isNumber' | 'isExtra'> {
  readonly children: ReactNode;
}

export const Cell = ({ children, ...column }: CellProps) => <td className={classesOf(column)}>{children}</td>;
