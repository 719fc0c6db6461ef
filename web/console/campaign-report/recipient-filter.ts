/** Which recipients of a campaign are listed. An empty choice asks for all. */
export interface RecipientFilter {
  readonly openedBy: '' | 'people' | 'machines' | 'nobody';
  readonly clickedBy: '' | 'people' | 'machines' | 'nobody';
  readonly status: '' | 'queued' | 'deferred' | 'delivered' | 'bounced' | 'dropped';
  readonly recipientDomain: string;
}

export const everyone: RecipientFilter = { openedBy: '', clickedBy: '', status: '', recipientDomain: '' };

const given = <Value extends string>(value: '' | Value): Value | undefined => (value === '' ? undefined : value);

export const queryOfFilter = ({ openedBy, clickedBy, status, recipientDomain }: RecipientFilter) => ({
  openedBy: given(openedBy),
  clickedBy: given(clickedBy),
  status: given(status),
  recipientDomain: given(recipientDomain),
});

export const isNarrowed = (filter: RecipientFilter): boolean => Object.values(filter).some((choice) => choice !== '');
