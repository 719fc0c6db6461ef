/** A table that scrolls inside itself on small screens and is named for those who cannot see it. */
import { Table } from '@mantine/core';
import { type ReactNode, useCallback, useState } from 'react';
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
  readonly children: ReactNode;
}

export const classesOf = (column: Pick<Column, 'isNumber' | 'isExtra'>): string =>
  [column.isNumber ? styles.number : '', column.isExtra ? styles.extra : ''].join(' ').trim();

/** A box that scrolls must be reachable by keyboard (WCAG 2.1.1), and named there; one that does not would only be a needless stop. */
function useReachable(name: string) {
  const [scrolls, setScrolls] = useState(false);
  const ref = useCallback((box: HTMLElement) => {
    const observer = new ResizeObserver(() => setScrolls(box.scrollWidth > box.clientWidth + 1));
    observer.observe(box);
    return () => observer.disconnect();
  }, []);
  return scrolls ? { ref, tabIndex: 0, 'aria-label': name } : { ref };
}

export function DataTable({ caption, columns, children }: DataTableProps) {
  const reachable = useReachable(caption);
  return (
    <section className={styles.scroll} {...reachable}>
      <Table>
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
    </section>
  );
}

interface CellProps extends Pick<Column, 'isNumber' | 'isExtra'> {
  readonly children: ReactNode;
}

export const Cell = ({ children, ...column }: CellProps) => <td className={classesOf(column)}>{children}</td>;
