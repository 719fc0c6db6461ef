import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { z } from 'zod';
import { createApiKey } from './access.ts';
import { changeDepartment, createDepartment, inviteUser } from './people.ts';
import { createTemplate } from './templates.ts';

const bodies: Readonly<Record<string, [z.ZodType, object]>> = {
  people: [inviteUser.body, { email: 'ana@example.org', role: 'viewer' }],
  departments: [createDepartment.body, {}],
  'changed departments': [changeDepartment.body, {}],
  keys: [createApiKey.body, {}],
  templates: [createTemplate.body, { subject: '', text: 'x' }],
};

for (const [what, [body, others]] of Object.entries(bodies))
  test(`names of ${what} hold no mark that turns the direction of writing, and any language`, () => {
    for (const mark of '\u202A\u202B\u202C\u202D\u202E\u2066\u2067\u2068\u2069') {
      const { success, error } = body.safeParse({ ...others, name: `a${mark}b` });
      assert.equal(success, false, String(mark.codePointAt(0)));
      assert.deepEqual(
        error?.issues.map(({ path }) => path.join('.')),
        ['name'],
      );
    }
    for (const name of ['Ана', 'قسم الأشعة', 'אנה (Ana)', 'کلینیک\u200cها', '👩‍⚕️'])
      assert.deepEqual(body.safeParse({ ...others, name }).error?.issues ?? [], [], name);
  });
