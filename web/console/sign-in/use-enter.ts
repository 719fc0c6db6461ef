/** Goes to where somebody wanted to be, once a sign-in of any kind has opened a session. */
import { useNavigate } from 'react-router';
import { queries, sessionKey } from '../queries.ts';
import { takeReturn } from './return-path.ts';

export function useEnter(): (session: object) => void {
  const navigate = useNavigate();
  return (session) => {
    queries.clear();
    queries.setQueryData(sessionKey, session);
    void navigate(takeReturn(), { replace: true });
  };
}
