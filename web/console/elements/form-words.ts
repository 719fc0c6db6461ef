/** What stands in the named fields of a form, and back. Secrets are never looked at: passwords, codes, and what says so. */

type Field = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;
export type Words = Readonly<Record<string, string>>;

const isField = (element: Element): element is Field =>
  element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement || element instanceof HTMLSelectElement;

/** Mantine gives names of its own to what has none; they are others at the next visit. */
const isNamed = ({ name }: Field): boolean => name !== '' && !name.startsWith('mantine-');

const isSecret = (field: Field): boolean =>
  ['password', 'hidden', 'file', 'submit', 'button'].includes(field.type) ||
  /password|one-time-code/.test(field.autocomplete) ||
  'noDraft' in field.dataset;

const fieldsOf = (form: HTMLFormElement): Field[] =>
  [...form.elements].filter(isField).filter((field) => isNamed(field) && !isSecret(field));

const isTicked = (field: Field): field is HTMLInputElement => field.type === 'checkbox' || field.type === 'radio';

/** Ticks of one name are lines of one entry. */
export function wordsOf(form: HTMLFormElement): Words {
  const words: Record<string, string> = {};
  for (const field of fieldsOf(form)) {
    if (!isTicked(field)) words[field.name] = field.value;
    else {
      const others = words[field.name] ?? '';
      words[field.name] = field.checked ? (others === '' ? field.value : `${others}\n${field.value}`) : others;
    }
  }
  return words;
}

/** React hears of it as of somebody's typing: https://github.com/facebook/react/issues/11488 */
function write(field: Field, value: string): void {
  if (isTicked(field)) {
    if (field.checked !== value.split('\n').includes(field.value)) field.click();
    return;
  }
  if (field.value === value) return;
  Object.getOwnPropertyDescriptor(Object.getPrototypeOf(field), 'value')?.set?.call(field, value);
  field.dispatchEvent(new Event(field instanceof HTMLSelectElement ? 'change' : 'input', { bubbles: true }));
}

/** Gives the names that no field had. */
export function fill(form: HTMLFormElement, words: Words): Words {
  const left = new Map(Object.entries(words));
  for (const field of fieldsOf(form)) {
    const value = words[field.name];
    if (value === undefined) continue;
    write(field, value);
    left.delete(field.name);
  }
  return Object.fromEntries(left);
}
