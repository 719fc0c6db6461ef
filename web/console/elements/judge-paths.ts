/** Where the judge's pages are, for those that lead to them. */
export const rulesPath = '/judge/rules';
export const historyPath = '/judge/history';
export const runPath = (id: string): string => `${historyPath}/${encodeURIComponent(id)}`;

/** Judging again, with mail accepted from that day on filled in. */
export const judgeAgainPath = (since: string | null): string =>
  since === null ? historyPath : `${historyPath}?${new URLSearchParams({ since })}`;
