/** How well mail must be protected on its way: the ladder for all of it, rules for single domains, and looking one up. */
import { Stack, Text } from '@mantine/core';
import { Link } from 'react-router';
import { PageHead } from '../../elements/page-head.tsx';
import { Section } from '../../elements/section.tsx';
import { Answered, Failure } from '../../elements/states.tsx';
import { useSettings } from '../../settings/use-settings.ts';
import { useMay } from '../../use-may.ts';
import { LadderSection } from './ladder-section.tsx';
import { LookUpSection } from './look-up-section.tsx';
import { RulesSection } from './rules-section.tsx';

const Published = () => (
  <Section title="What domains ask for themselves" about="Obeyed on every rung; it can only tighten.">
    <Stack gap="xs">
      <Text size="sm">
        <strong>MTA-STS.</strong> An organisation names its mail servers on its web site. Where it insists, mail goes
        only to those, with a checked certificate. Waxwing keeps such a policy and fetches it anew every day.
      </Text>
      <Text size="sm">
        <strong>DANE.</strong> An organisation names its server’s certificate in signed DNS. It needs a resolver that
        checks the signatures: <code>WAXWING_DNS_SERVERS</code> and <code>WAXWING_DNS_VALIDATES</code>.
      </Text>
      <Text size="sm">
        <strong>A pinned key.</strong> A relay whose key is pinned by <code>WAXWING_SMARTHOST_PIN</code> gets mail only
        while it shows that key, and counts as proven.
      </Text>
    </Stack>
  </Section>
);

export function TransportPage() {
  const may = useMay();
  const { answer, save } = useSettings();
  const mayChange = may({ needs: ['settings.change'] });
  return (
    <>
      <PageHead
        title="Transport"
        about={
          <>
            How well mail must be protected on its way to the recipient’s server. Each copy’s receipt shows how it went.{' '}
            {may({ needs: ['people.manage'] }) && (
              <>
                Departments have{' '}
                <Link className="quiet-link" to="/people">
                  policies of their own
                </Link>
                .
              </>
            )}
          </>
        }
      />
      <Stack gap="1.25rem" maw="58rem">
        {save.error !== null && <Failure failure={save.error} />}
        <Answered answer={answer} label="Loading the settings" rows={4}>
          {(settings) => (
            <LadderSection
              level={settings.minimumTransport}
              mayChange={mayChange}
              onChange={(minimumTransport) => save.mutate({ minimumTransport })}
            />
          )}
        </Answered>
        {may({ needs: ['settings.read'], isOfAccount: true }) && <RulesSection mayChange={mayChange} />}
        {may({ needs: ['messages.send'] }) && <LookUpSection />}
        <Published />
      </Stack>
    </>
  );
}
