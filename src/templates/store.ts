/** All SQL of templates and their versions. Words come and leave sealed; a name is found by a keyed hash. */
import { sql, type Tx } from '../platform/database.ts';

export interface TemplateRow {
  readonly id: string;
  readonly version: number;
  readonly contentSealed: Buffer;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export const templatesMost = 200;
const versionsMost = 50;

export interface TemplateName {
  readonly id: string;
  readonly version: number;
  /** Null: it was last changed before names were sealed by themselves, and is within the words. */
  readonly nameSealed: Buffer | null;
  readonly contentSealed: Buffer | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** Those behind a place, as they are now, by the time of their last change. Words are read only where the name is within them. */
export const selectTemplateNames = (tx: Tx, after: number, most: number): Promise<TemplateName[]> =>
  tx.query<TemplateName>(sql`
    SELECT t.id, t.version, t.created_at AS "createdAt", t.updated_at AS "updatedAt", t.name_sealed AS "nameSealed",
           (SELECT v.content_sealed FROM template_versions v
             WHERE t.name_sealed IS NULL
               AND v.account_id = t.account_id AND v.template_id = t.id AND v.version = t.version) AS "contentSealed"
      FROM (SELECT * FROM templates WHERE account_id = current_account()
             ORDER BY updated_at DESC, id LIMIT ${most} OFFSET ${after}) AS t
     ORDER BY t.updated_at DESC, t.id`);

/** As it is now, or as it was in an earlier version. */
export async function selectTemplate(tx: Tx, id: string, version?: number): Promise<TemplateRow | undefined> {
  const rows = await tx.query<TemplateRow>(sql`
    SELECT t.id, v.version, t.created_at AS "createdAt", v.created_at AS "updatedAt", v.content_sealed AS "contentSealed"
      FROM templates t
      JOIN template_versions v ON v.account_id = t.account_id AND v.template_id = t.id
       AND v.version = coalesce(${version ?? null}::integer, t.version)
     WHERE t.account_id = current_account() AND t.id = ${id}`);
  return rows[0];
}

export interface NewVersion {
  readonly id: string;
  readonly version: number;
  readonly nameIndex: Buffer;
  readonly nameSealed: Buffer;
  readonly contentSealed: Buffer;
  readonly at: Date;
}

/** Held by whoever writes a template of the account: two of them never take one name, or the last place, at once. */
export const lockTemplates = (tx: Tx): Promise<unknown> =>
  tx.query(sql`SELECT pg_advisory_xact_lock(hashtextextended('waxwing.templates ' || current_account(), 0))`);

export async function countTemplates(tx: Tx): Promise<number> {
  const [row] = await tx.query<{ count: number }>(sql`
    SELECT count(*) AS count FROM templates WHERE account_id = current_account()`);
  return row?.count ?? 0;
}

/** Whether the name was free; nothing is stored where it was not. */
export async function insertTemplate(tx: Tx, one: NewVersion): Promise<boolean> {
  const rows = await tx.query(sql`
    INSERT INTO templates (account_id, id, name_index, name_sealed, version, created_at, updated_at)
    VALUES (current_account(), ${one.id}, ${one.nameIndex}, ${one.nameSealed}, ${one.version}, ${one.at}, ${one.at})
    ON CONFLICT (account_id, name_index) DO NOTHING RETURNING id`);
  if (rows.length === 0) return false;
  await insertVersion(tx, one);
  return true;
}

/** Waits for others who change it; undefined: there is none. */
export async function lockTemplate(tx: Tx, id: string): Promise<number | undefined> {
  const rows = await tx.query<{ version: number }>(sql`
    SELECT version FROM templates WHERE account_id = current_account() AND id = ${id} FOR UPDATE`);
  return rows[0]?.version;
}

export async function isNameTaken(tx: Tx, { id, nameIndex }: Pick<NewVersion, 'id' | 'nameIndex'>): Promise<boolean> {
  const rows = await tx.query(sql`
    SELECT FROM templates WHERE account_id = current_account() AND name_index = ${nameIndex} AND id <> ${id}`);
  return rows.length > 0;
}

export async function updateTemplate(tx: Tx, one: NewVersion): Promise<void> {
  await tx.query(sql`
    UPDATE templates
       SET name_index = ${one.nameIndex}, name_sealed = ${one.nameSealed}, version = ${one.version}, updated_at = ${one.at}
     WHERE account_id = current_account() AND id = ${one.id}`);
  await insertVersion(tx, one);
  await tx.query(sql`
    DELETE FROM template_versions
     WHERE account_id = current_account() AND template_id = ${one.id} AND version <= ${one.version - versionsMost}`);
}

async function insertVersion(tx: Tx, one: NewVersion): Promise<void> {
  await tx.query(sql`
    INSERT INTO template_versions (account_id, template_id, version, content_sealed, created_at)
    VALUES (current_account(), ${one.id}, ${one.version}, ${one.contentSealed}, ${one.at})`);
}

/** How many versions went; 0: there was none. */
export async function deleteTemplate(tx: Tx, id: string): Promise<number> {
  const versions = await tx.query(sql`
    DELETE FROM template_versions WHERE account_id = current_account() AND template_id = ${id} RETURNING version`);
  await tx.query(sql`DELETE FROM templates WHERE account_id = current_account() AND id = ${id}`);
  return versions.length;
}
