/** Where mail goes out: the installation's own way, the account's routes and how they are doing, and what goes where. */
import { Button, Group, Stack, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { deleteRoute, listRoutes, type MailRouteRead, type RelayHealth } from '../../../../src/contract/routes.ts';
import { call } from '../../../shared/client.ts';
import { Cell, DataTable } from '../../elements/data-table.tsx';
import { PageHead } from '../../elements/page-head.tsx';
import { Section } from '../../elements/section.tsx';
import { Answered, Failure } from '../../elements/states.tsx';
import { queries, useCall } from '../../queries.ts';
import { RouteDialog } from './route-dialog.tsx';
import { kindWords, stateWords } from './route-words.ts';
import { RulesSection } from './rules-section.tsx';
import { TesterSection } from './tester-section.tsx';

/** `new`: one is being added. */
type Edited = MailRouteRead | 'new' | null;

export function RoutesPage() {
  const answer = useCall(listRoutes, {});
  const [edited, setEdited] = useState<Edited>(null);
  return (
    <>
      <PageHead
        title="Routes"
        about="By which servers mail leaves, how they are doing, and which mail goes where."
        actions={<Button onClick={() => setEdited('new')}>Add a route</Button>}
      />
      <Answered answer={answer} label="Loading the routes">
        {({ installation, routes, rules, sourceAddresses }) => (
          <Stack gap="lg">
            {routes.map((route) => (
              <RouteSection
                key={route.id}
                route={route}
                isUsed={rules.some(({ routeId }) => routeId === route.id)}
                onEdit={() => setEdited(route)}
              />
            ))}
            <Section
              title="The installation’s own way"
              about={
                installation.kind === 'direct'
                  ? 'Straight to each recipient’s own mail server. It holds for all mail that no rule sends elsewhere.'
                  : 'By the relays that whoever runs the installation has set. It holds for all mail that no rule sends elsewhere.'
              }
            >
              {installation.hosts.length > 0 && (
                <RelayTable caption="Relays of the installation" relays={installation.hosts} />
              )}
            </Section>
            <RulesSection routes={routes} rules={rules} />
            <TesterSection />
            {edited !== null && (
              <RouteDialog
                key={edited === 'new' ? 'new' : edited.id}
                route={edited === 'new' ? null : edited}
                addresses={sourceAddresses.map(({ address }) => address)}
                onClose={() => setEdited(null)}
              />
            )}
          </Stack>
        )}
      </Answered>
    </>
  );
}

function RouteSection({ route, isUsed, onEdit }: { route: MailRouteRead; isUsed: boolean; onEdit: () => void }) {
  const remove = useMutation({
    mutationFn: () => call(deleteRoute, { params: { id: route.id } }),
    onSuccess: () => queries.invalidateQueries({ queryKey: [listRoutes.name] }),
  });
  const from = route.sourceAddresses.length === 0 ? '' : ` Leaves from ${route.sourceAddresses.join(', ')}.`;
  return (
    <Section
      title={route.name}
      about={`${kindWords(route)}.${from}${isUsed ? '' : ' No rule sends mail this way yet.'}`}
      aside={
        <Group gap="xs">
          <Button variant="default" size="xs" onClick={onEdit} aria-label={`Change ${route.name}`}>
            Change
          </Button>
          {!isUsed && (
            <Button
              variant="default"
              size="xs"
              loading={remove.isPending}
              onClick={() => remove.mutate()}
              aria-label={`Remove ${route.name}`}
            >
              Remove
            </Button>
          )}
        </Group>
      }
    >
      {remove.error !== null && <Failure failure={remove.error} />}
      {route.hosts.length > 0 && <RelayTable caption={`Relays of ${route.name}`} relays={route.hosts} />}
    </Section>
  );
}

interface ShownRelay {
  readonly host: string;
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
  readonly health: RelayHealth;
}

const RelayTable = ({ caption, relays }: { caption: string; relays: readonly ShownRelay[] }) => (
  <DataTable
    caption={caption}
    columns={[
      { label: 'Relay' },
      { label: 'How it is doing' },
      { label: 'Asked', isExtra: true },
      { label: 'Share', isNumber: true, isExtra: true },
    ]}
  >
    {relays.map(({ host, port, priority, weight, health }) => (
      <tr key={`${host} ${port} ${priority}`}>
        <Cell>{`${host}:${port}`}</Cell>
        <Cell>
          {stateWords[health.state]}
          {health.state !== 'working' && health.state !== 'unused' && (
            <Text size="xs" c="dimmed">
              {health.text}
            </Text>
          )}
        </Cell>
        <Cell isExtra>{placeWords(priority, relays)}</Cell>
        <Cell isNumber isExtra>
          {weight}
        </Cell>
      </tr>
    ))}
  </DataTable>
);

function placeWords(priority: number, relays: readonly ShownRelay[]): string {
  const place = [...new Set(relays.map((one) => one.priority))].toSorted((a, b) => a - b).indexOf(priority);
  return place === 0 ? 'First' : place === 1 ? 'When the first fail' : 'When those before fail';
}
