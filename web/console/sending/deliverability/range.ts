/** The time range of the page, kept in its address. */
import { useSearchParams } from 'react-router';

export const ranges = [
  { value: '7', label: '7 days' },
  { value: '30', label: '30 days' },
  { value: '90', label: '90 days' },
  { value: 'all', label: 'All time' },
] as const;

const dayMs = 86_400_000;

/** The calendar day so many days ago, in the reader's own zone of the account. */
function sinceDay(days: number, timeZone: string): string {
  const at = new Date(Date.now() - (days - 1) * dayMs);
  return new Intl.DateTimeFormat('en-CA', { timeZone }).format(at);
}

export function useRange(timeZone: string) {
  const [search, setSearch] = useSearchParams();
  const asked = search.get('days') ?? '30';
  const range = ranges.some(({ value }) => value === asked) ? asked : '30';
  const domain = search.get('domain');
  const change = (name: string, value: string | null) =>
    setSearch(
      (before) => {
        if (value === null) before.delete(name);
        else before.set(name, value);
        return before;
      },
      { replace: name === 'days', preventScrollReset: true },
    );
  return {
    range,
    domain,
    since: range === 'all' ? {} : { since: sinceDay(Number(range), timeZone) },
    setRange: (days: string) => change('days', days),
    setDomain: (chosen: string | null) => change('domain', chosen),
  };
}
