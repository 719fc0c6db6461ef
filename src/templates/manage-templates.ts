/** Letters kept to send again: written, changed, read, previewed, deleted. What is not well formed is not kept. */
import { accountVault } from '../accounts/index.ts';
import { record } from '../audit/index.ts';
import { Problem } from '../contract/problem.ts';
import type { PreviewedTemplate, TemplateBody, WrittenTemplate } from '../contract/templates.ts';
import { ValueFault } from '../core/template/marks.ts';
import type { Tx } from '../platform/database.ts';
import { newId } from '../platform/ids.ts';
import type { Caller } from '../platform/route.ts';
import type { AccountVault } from '../platform/vault.ts';
import type { World } from '../platform/world.ts';
import { type Missing, type TemplateData, ValueMissing } from './engine.ts';
import { type Letter, type LetterSource, LetterSyntax, openLetter, type WrittenLetter } from './letter.ts';
import {
  countTemplates,
  deleteTemplate,
  insertTemplate,
  isNameTaken,
  lockTemplate,
  lockTemplates,
  type NewVersion,
  selectTemplate,
  selectTemplateNames,
  type TemplateName,
  type TemplateRow,
  templatesMost,
  updateTemplate,
} from './store.ts';

type Needs = Pick<World, 'db' | 'vault' | 'clock'>;

interface Content {
  readonly name: string;
  readonly subject: string;
  readonly html: string | null;
  readonly text: string | null;
}

type Change = { readonly [key in keyof WrittenTemplate]?: WrittenTemplate[key] | undefined };

const changed = (content: Content, { name, subject, html, text }: Change): Content => ({
  name: name ?? content.name,
  subject: subject ?? content.subject,
  html: html === undefined ? content.html : html,
  text: text === undefined ? content.text : text,
});

/** Of older ones the name is within their words, which may be long: so many are opened at a time. */
const openedAtOnce = 10;

export async function listAllTemplates(world: Needs, { accountId }: Caller) {
  const vault = await accountVault(world, accountId);
  return world.db.readAccount(accountId, async (tx) => {
    const templates: Omit<TemplateBody, 'subject' | 'html' | 'text'>[] = [];
    for (let after = 0; after < templatesMost; after += openedAtOnce) {
      const rows = await selectTemplateNames(tx, after, openedAtOnce);
      for (const row of rows)
        templates.push({
          ...{ id: row.id, name: nameOf(vault, row), version: row.version },
          createdAt: row.createdAt.toISOString(),
          updatedAt: row.updatedAt.toISOString(),
        });
      if (rows.length < openedAtOnce) break;
    }
    return { templates };
  });
}

export async function readOneTemplate(world: Needs, accountId: string, id: string, version?: number) {
  const vault = await accountVault(world, accountId);
  const row = await world.db.readAccount(accountId, (tx) => selectTemplate(tx, id, version));
  if (row === undefined) throw new Problem('template.not_found');
  return opened(vault, row);
}

export async function createOneTemplate(world: Needs, caller: Caller, written: WrittenTemplate): Promise<TemplateBody> {
  const vault = await accountVault(world, caller.accountId);
  const content = checked({ ...written, html: written.html ?? null, text: written.text ?? null });
  const at = world.clock.now();
  const version = versionOf(vault, { id: newId(at), version: 1, at }, content);
  await world.db.asAccount(caller.accountId, async (tx) => {
    await lockTemplates(tx);
    if ((await countTemplates(tx)) >= templatesMost) throw new Problem('template.too_many');
    if (!(await insertTemplate(tx, version))) throw new Problem('template.name_taken');
    await tell(tx, caller, 'template.created', version);
  });
  return opened(vault, { ...version, createdAt: at, updatedAt: at });
}

export async function changeOneTemplate(
  world: Needs,
  caller: Caller,
  id: string,
  change: Change,
): Promise<TemplateBody> {
  const vault = await accountVault(world, caller.accountId);
  return world.db.asAccount(caller.accountId, async (tx) => {
    await lockTemplates(tx);
    const last = await lockTemplate(tx, id);
    const row = last === undefined ? undefined : await selectTemplate(tx, id);
    if (last === undefined || row === undefined) throw new Problem('template.not_found');
    const at = world.clock.now();
    const version = versionOf(vault, { id, version: last + 1, at }, checked(changed(contentOf(vault, row), change)));
    if (await isNameTaken(tx, version)) throw new Problem('template.name_taken');
    await updateTemplate(tx, version);
    await tell(tx, caller, 'template.changed', version);
    return opened(vault, { ...version, createdAt: row.createdAt, updatedAt: at });
  });
}

export async function deleteOneTemplate(world: Needs, caller: Caller, id: string): Promise<undefined> {
  await world.db.asAccount(caller.accountId, async (tx) => {
    const versions = await deleteTemplate(tx, id);
    if (versions === 0) throw new Problem('template.not_found');
    const object = { kind: 'template', id } as const;
    const at = world.clock.now();
    await record(tx, { at, actor: caller.actor, action: 'template.deleted', object, detail: { versions } });
  });
}

export interface PreviewWish extends Change {
  readonly data?: TemplateData | undefined;
  readonly missing?: Missing | undefined;
}

export async function previewOneTemplate(world: Needs, { accountId }: Caller, id: string, wish: PreviewWish) {
  const kept = await readOneTemplate(world, accountId, id);
  return previewOf(changed(kept, wish), wish);
}

type NewWords = Omit<WrittenTemplate, 'name'> & Pick<PreviewWish, 'data' | 'missing'>;

export const previewNewWords = ({ subject, html, text, ...wish }: NewWords): PreviewedTemplate =>
  previewOf({ subject, html: html ?? null, text: text ?? null }, wish);

function previewOf(
  { subject, html, text }: Omit<Content, 'name'>,
  { data, missing }: Pick<PreviewWish, 'data' | 'missing'>,
): PreviewedTemplate {
  const source = { subject, html: html || null, text: text || null, missing: missing ?? 'refuse' };
  const written = writeForOne(source, data ?? {});
  return { subject: written.subject, html: written.html, text: written.text };
}

/** The words of one letter that is written once. Throws problems that name the place and no value. */
export function writeForOne(source: LetterSource, data: TemplateData): WrittenLetter {
  const letter = openedLetter(source);
  try {
    return letter.write(data);
  } catch (error) {
    if (error instanceof ValueMissing)
      throw new Problem('template.value_missing', [{ field: 'data', message: `No value for ${error.message}.` }]);
    if (error instanceof ValueFault)
      throw new Problem('template.value_unusable', [{ field: 'data', message: `${error.message}.` }]);
    throw error;
  }
}

/** The letter, or the problem that says where it is not well formed. */
export function openedLetter(source: LetterSource): Letter {
  try {
    return openLetter(source);
  } catch (error) {
    if (!(error instanceof LetterSyntax)) throw error;
    const { line, column, why } = error.fault;
    throw new Problem('template.syntax', [{ field: error.field, message: `Line ${line}, column ${column}: ${why}.` }]);
  }
}

function checked(content: Content): Content {
  const { name, subject } = content;
  const html = content.html || null;
  const text = content.text || null;
  if (html === null && text === null) throw new Problem('message.no_content');
  openedLetter({ subject, html, text, missing: 'refuse' });
  return { name, subject, html, text };
}

const versionOf = (
  vault: AccountVault,
  { id, version, at }: Pick<NewVersion, 'id' | 'version' | 'at'>,
  content: Content,
): NewVersion => ({
  ...{ id, version, at },
  nameIndex: vault.index('template.name', content.name.toLowerCase()),
  nameSealed: vault.seal('template.name', content.name),
  contentSealed: vault.seal('template.content', JSON.stringify(content)),
});

const contentOf = (vault: AccountVault, { contentSealed }: Pick<TemplateRow, 'contentSealed'>): Content =>
  JSON.parse(vault.open('template.content', contentSealed).toString()) as Content;

function nameOf(vault: AccountVault, { nameSealed, contentSealed }: TemplateName): string {
  if (nameSealed !== null) return vault.open('template.name', nameSealed).toString();
  return contentSealed === null ? '' : contentOf(vault, { contentSealed }).name;
}

function opened(vault: AccountVault, row: TemplateRow): TemplateBody {
  const { name, subject, html, text } = contentOf(vault, row);
  return {
    ...{ id: row.id, name, version: row.version, subject, html, text },
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
  };
}

const tell = (tx: Tx, { actor }: Caller, action: 'template.created' | 'template.changed', one: NewVersion) =>
  record(tx, {
    ...{ at: one.at, actor, action },
    object: { kind: 'template', id: one.id },
    detail: { version: one.version },
  });
