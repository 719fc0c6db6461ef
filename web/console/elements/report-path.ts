/** Where a campaign's report is. The name is a parameter, because as part of the path a dot or slash in it would mislead. */
export const reportPath = (campaign: string): string => `/campaigns/report?${new URLSearchParams({ campaign })}`;
