/** What a setting is: its name in the environment, its form, and what holds without it. */
import type { Form } from './config-forms.ts';

export interface Setting<Value, Absent = Value> {
  readonly name: string;
  readonly form: Form<Value>;
  readonly about: string;
  readonly absent: Absent;
  /** How docs and errors put what holds when it is not set; default: `absent` itself. */
  readonly absentMeans?: string;
  readonly isSecret?: boolean;
}

export const setting = <Value, Absent>(description: Setting<Value, Absent>): Setting<Value, Absent> => description;
