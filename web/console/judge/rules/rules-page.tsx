/** Every rule of the judge in its own sentence. A rule is switched only after a dry run has told what that would change. */
import { NativeSelect, Stack, TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { useState } from 'react';
import { listRules } from '../../../../src/contract/rejudging.ts';
import { plural } from '../../../shared/format.ts';
import { PageHead } from '../../elements/page-head.tsx';
import { Section } from '../../elements/section.tsx';
import { Answered, Empty } from '../../elements/states.tsx';
import { useCall } from '../../queries.ts';
import { RuleRow } from './rule-row.tsx';
import { inGroups, type Kind, type Rule, search } from './rule-words.ts';
import styles from './rules-page.module.css';
import { TrialDialog } from './trial-dialog.tsx';
import { useTried } from './use-tried.ts';

const kinds = [
  { value: 'all', label: 'All rules' },
  { value: 'machine', label: 'That speak for a machine' },
  { value: 'person', label: 'That speak for a person' },
  { value: 'off', label: 'That are switched off' },
] as const satisfies readonly { value: Kind; label: string }[];

const isKind = (value: string): value is Kind => kinds.some((kind) => kind.value === value);

interface FindProps {
  readonly wanted: string;
  readonly kind: Kind;
  onSearch(wanted: string): void;
  onKind(kind: Kind): void;
}

const Find = ({ wanted, kind, onSearch, onKind }: FindProps) => (
  <div className={styles.find}>
    <TextInput
      type="search"
      leftSection={<IconSearch size={16} aria-hidden />}
      placeholder="Find a rule"
      aria-label="Find a rule"
      value={wanted}
      onChange={(event) => onSearch(event.currentTarget.value)}
    />
    <NativeSelect
      aria-label="Which rules"
      data={[...kinds]}
      value={kind}
      onChange={({ currentTarget: { value } }) => isKind(value) && onKind(value)}
    />
  </div>
);

function Rules({ rules }: { rules: readonly Rule[] }) {
  const [wanted, setWanted] = useState('');
  const [kind, setKind] = useState<Kind>('all');
  const tried = useTried(rules);
  const found = search(rules, wanted, kind);
  const isNarrowed = wanted.trim() !== '' || kind !== 'all';
  return (
    <>
      <Find {...{ wanted, kind }} onSearch={setWanted} onKind={setKind} />
      <p className="unseen" role="status">
        {isNarrowed ? `${plural(found.length, 'rule')} found` : ''}
      </p>
      {found.length === 0 ? (
        <Empty title={kind === 'off' && wanted === '' ? 'Every rule is on' : 'No such rule'}>
          {kind === 'off' && wanted === '' ? 'None has been switched off for this account.' : 'Try fewer letters.'}
        </Empty>
      ) : (
        <Stack gap="1.25rem">
          {inGroups(found).map((group) => (
            <Section key={group.family} title={group.title}>
              <ul className={styles.rules}>
                {group.rules.map((rule) => (
                  <RuleRow key={rule.id} rule={rule} onTry={() => tried.set([rule.id])} />
                ))}
              </ul>
            </Section>
          ))}
        </Stack>
      )}
      <TrialDialog rules={rules} tried={tried} />
    </>
  );
}

export function RulesPage() {
  const answer = useCall(listRules, {});
  const off = answer.data?.rules.filter(({ enabled }) => !enabled).length ?? 0;
  return (
    <>
      <PageHead
        title="Rules"
        about={
          <>
            What the judge goes by. One certain sign makes a machine, else one probable; weak ones only together.
            {answer.data !== undefined &&
              ` Ruleset ${answer.data.ruleset}${off === 0 ? '.' : `, of which ${plural(off, 'rule')} ${off === 1 ? 'is' : 'are'} switched off.`}`}
          </>
        }
      />
      <Answered answer={answer} label="Loading the rules" rows={12}>
        {({ rules }) => <Rules rules={rules} />}
      </Answered>
    </>
  );
}
