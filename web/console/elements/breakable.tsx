/** An address or a domain that breaks before its dots and after its @ where the line is too short, and is copied as it is. */
import { Fragment } from 'react';

export function Breakable({ children }: { children: string }) {
  const parts = children.split(/(?<=@)|(?=\.)/);
  return parts.map((part, place) => (
    <Fragment key={parts.slice(0, place).join('')}>
      {place > 0 && <wbr />}
      {part}
    </Fragment>
  ));
}
