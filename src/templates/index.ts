/** The door of templates: letters in each recipient's own words. */
export { ValueMissing } from './engine.ts';
export { type Letter, type LetterSource, openLetter } from './letter.ts';
export {
  isLetterPlan,
  type LetterCopy,
  type LetterPlan,
  LinkTable,
  type RecipientData,
  templateData,
  writeCopy,
} from './letter-plan.ts';
export { openedLetter, readOneTemplate, writeForOne } from './manage-templates.ts';
export { templateRoutes } from './routes.ts';
