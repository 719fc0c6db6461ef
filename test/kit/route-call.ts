/** One call of a route in tests: what it asks, and what is made first. */
import type { Body } from './answer.ts';
import type { Person } from './person.ts';
import type { Stage } from './route-stage.ts';

export interface RouteCall {
  /** Default: the account's key. */
  readonly by?: Pick<Person, 'ask'>;
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: string;
  readonly body?: unknown;
}

export type Prepare = (stage: Stage) => Promise<RouteCall> | RouteCall;

export const plain: Prepare = () => ({});
export const withBody =
  (body: unknown): Prepare =>
  () => ({ body });

/** With the id of something made by this request. */
export const at =
  (path: string, made: unknown, body?: unknown): Prepare =>
  async ({ make }) => ({ params: { id: idOf(await make('POST', path, made)) }, body });

const idOf = (made: Body): string => made.id ?? made.user?.id;

let names = 0;
export const unused = (): string => {
  names += 1;
  return `thing ${names}`;
};
