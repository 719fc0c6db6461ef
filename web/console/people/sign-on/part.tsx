/** What the steps of a connection share: how one looks, and how a change is saved. */
import { useMutation } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { changeSignOnConnection, listSignOnConnections } from '../../../../src/contract/single-sign-on.ts';
import { type CallInput, call } from '../../../shared/client.ts';
import { queries } from '../../queries.ts';
import styles from './sign-on-page.module.css';

type ConnectionChange = NonNullable<CallInput<typeof changeSignOnConnection>['body']>;

export const refreshConnections = () => queries.invalidateQueries({ queryKey: [listSignOnConnections.name] });

export const useChange = (id: string) =>
  useMutation({
    mutationFn: (body: ConnectionChange) => call(changeSignOnConnection, { params: { id }, body }),
    onSuccess: refreshConnections,
  });

export const Part = ({ title, about, children }: { title: string; about: string; children: ReactNode }) => (
  <div className={styles.part}>
    <h3>{title}</h3>
    <p>{about}</p>
    {children}
  </div>
);
