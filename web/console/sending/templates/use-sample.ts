/** Sample values for a preview: one field for each value that the template asks for, or JSON where somebody prefers it or must. */
import { useState } from 'react';
import { type AskedValue, askedValues, dataIn, dataOf } from './asked-values.ts';
import type { TypedTemplate } from './words.ts';

export interface Sample {
  readonly values: readonly AskedValue[];
  readonly needsJson: boolean;
  readonly isJson: boolean;
  readonly typed: Readonly<Record<string, string>>;
  readonly json: string;
  /** Null: the JSON is not one object. */
  readonly data: Record<string, unknown> | null;
  type(path: string, text: string): void;
  typeJson(text: string): void;
  /** What stands in the fields is taken along. */
  showJson(isJson: boolean): void;
}

export function useSample({ subject, html, text }: TypedTemplate): Sample {
  const [typed, setTyped] = useState<Readonly<Record<string, string>>>({});
  const [json, setJson] = useState('');
  const [isJson, setIsJson] = useState(false);
  const { values, needsJson } = askedValues(subject, html, text);
  const fromFields = dataOf(values, typed);
  return {
    ...{ values, needsJson, isJson, typed, json },
    data: isJson ? dataIn(json) : fromFields,
    type: (path, value) => setTyped((before) => ({ ...before, [path]: value })),
    typeJson: setJson,
    showJson: (asJson) => {
      if (asJson && json.trim() === '') setJson(JSON.stringify(fromFields, null, 2));
      setIsJson(asJson);
    },
  };
}
