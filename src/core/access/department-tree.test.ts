import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeMove, maxDepartmentDepth } from './department-tree.ts';

const tree = [
  { id: 'clinic', parentId: null },
  { id: 'ward', parentId: 'clinic' },
  { id: 'room', parentId: 'ward' },
];

test('a department is moved anywhere but below itself', () => {
  assert.deepEqual(judgeMove(tree, 'room', 'clinic'), { kind: 'fine' });
  assert.deepEqual(judgeMove(tree, 'ward', null), { kind: 'fine' });
  for (const parent of ['clinic', 'ward', 'room'])
    assert.deepEqual(judgeMove(tree, 'clinic', parent), { kind: 'refused', why: 'below_itself' });
  assert.deepEqual(judgeMove(tree, 'new', 'nowhere'), { kind: 'refused', why: 'no_such_parent' });
});

test('a tree grows only so deep, also by moving what has others below', () => {
  const chain = Array.from({ length: maxDepartmentDepth - 1 }, (_, index) => ({
    id: `${index}`,
    parentId: index === 0 ? null : `${index - 1}`,
  }));
  const last = `${maxDepartmentDepth - 2}`;
  assert.deepEqual(judgeMove([...chain, ...tree], 'new', last), { kind: 'fine' });
  assert.deepEqual(judgeMove([...chain, ...tree], 'ward', last), { kind: 'refused', why: 'too_deep' });
});
