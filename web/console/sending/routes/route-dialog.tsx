/** Adds or changes a route: its name, by which relays, from which addresses. A password that is kept is not shown. */
import {
  Alert,
  Button,
  Checkbox,
  Fieldset,
  Group,
  Modal,
  NativeSelect,
  PasswordInput,
  Stack,
  TextInput,
} from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { changeRoute, createRoute, listRoutes, type MailRouteRead } from '../../../../src/contract/routes.ts';
import { call } from '../../../shared/client.ts';
import { Failure } from '../../elements/states.tsx';
import { queries } from '../../queries.ts';

interface TypedRelay {
  readonly key: string;
  readonly id?: string;
  readonly host: string;
  readonly port: string;
  readonly tls: 'starttls' | 'implicit';
  readonly priority: string;
  readonly weight: string;
  readonly user: string;
  readonly password: string;
  readonly hasPassword: boolean;
  readonly pin: string | null;
}

const freshRelay = (): TypedRelay => ({
  ...{ key: crypto.randomUUID(), host: '', port: '587', tls: 'starttls', priority: '10', weight: '1' },
  ...{ user: '', password: '', hasPassword: false, pin: null },
});

const typedOf = (route: MailRouteRead | null): TypedRelay[] =>
  route === null
    ? [freshRelay()]
    : route.hosts.map(({ id, host, port, tls, priority, weight, user, hasPassword, pin }) => ({
        ...{ key: id, id, host, tls, hasPassword, pin, user: user ?? '', password: '' },
        ...{ port: String(port), priority: String(priority), weight: String(weight) },
      }));

const isWithin = (text: string, min: number, max: number): boolean =>
  /^\d{1,5}$/.test(text) && Number(text) >= min && Number(text) <= max;

function faultOf(name: string, kind: string, relays: readonly TypedRelay[]): string | null {
  if (name.trim() === '') return 'Give it a name, so that you know it again.';
  if (kind === 'direct') return null;
  if (relays.length === 0) return 'Name at least one relay.';
  if (relays.some(({ host }) => host.trim() === '')) return 'Give each relay’s name, such as relay.example.';
  if (!relays.every(({ port }) => isWithin(port, 1, 65_535))) return 'A port is a number from 1 to 65535.';
  if (!relays.every(({ priority, weight }) => isWithin(priority, 0, 1_000) && isWithin(weight, 1, 1_000)))
    return 'An order is a number from 0 to 1000, a share one from 1 to 1000.';
  return relays.some(({ user, password, hasPassword }) => user !== '' && password === '' && !hasPassword)
    ? 'A user needs a password.'
    : null;
}

const writtenRelay = ({ id, host, port, tls, priority, weight, user, password, pin }: TypedRelay) => ({
  ...(id === undefined ? {} : { id }),
  ...{ host: host.trim(), port: Number(port), tls, priority: Number(priority), weight: Number(weight), pin },
  ...(user === '' ? { user: null } : { user }),
  ...(user === '' || password === '' ? {} : { password }),
});

interface DialogProps {
  readonly route: MailRouteRead | null;
  readonly addresses: readonly string[];
  readonly onClose: () => void;
}

export function RouteDialog({ route, addresses, onClose }: DialogProps) {
  const [name, setName] = useState(route?.name ?? '');
  const [kind, setKind] = useState<'direct' | 'relay'>(route?.kind ?? 'relay');
  const [relays, setRelays] = useState(() => typedOf(route));
  const [sources, setSources] = useState<string[]>(() =>
    (route?.sourceAddresses ?? []).filter((one) => addresses.includes(one)),
  );
  const [fault, setFault] = useState<string | null>(null);
  const save = useMutation({
    mutationFn: () => {
      const hosts = kind === 'direct' ? [] : relays.map(writtenRelay);
      const body = { name: name.trim(), kind, hosts, sourceAddresses: sources, heloName: route?.heloName ?? null };
      return route === null ? call(createRoute, { body }) : call(changeRoute, { params: { id: route.id }, body });
    },
    gcTime: 0,
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: [listRoutes.name] });
      onClose();
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const found = faultOf(name, kind, relays);
    setFault(found);
    if (found === null) save.mutate();
  };
  const title = route === null ? 'Add a route' : 'Change the route';
  return (
    <Modal opened onClose={onClose} title={title} size="lg" closeButtonProps={{ 'aria-label': 'Close' }}>
      <form onSubmit={submit} noValidate>
        <Stack>
          <TextInput
            label="Name"
            value={name}
            maxLength={100}
            autoComplete="off"
            data-autofocus
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <NativeSelect
            label="How mail leaves"
            value={kind}
            data={[
              { value: 'relay', label: 'By relays, which carry it on' },
              { value: 'direct', label: 'Straight to each recipient’s own mail server' },
            ]}
            onChange={(event) => setKind(event.currentTarget.value === 'direct' ? 'direct' : 'relay')}
          />
          {kind === 'relay' && <Relays relays={relays} onChange={setRelays} />}
          {addresses.length > 0 && (
            <Checkbox.Group
              label="Leaves from"
              description="None: from any of them."
              value={sources}
              onChange={setSources}
            >
              <Stack gap="xs" mt="xs">
                {addresses.map((address) => (
                  <Checkbox key={address} value={address} label={address} />
                ))}
              </Stack>
            </Checkbox.Group>
          )}
          {fault !== null && (
            <Alert color="red" variant="light" role="alert">
              {fault}
            </Alert>
          )}
          {save.error !== null && <Failure failure={save.error} />}
          <Button type="submit" loading={save.isPending}>
            {route === null ? 'Add the route' : 'Keep the changes'}
          </Button>
        </Stack>
      </form>
    </Modal>
  );
}

function Relays({ relays, onChange }: { relays: readonly TypedRelay[]; onChange: (relays: TypedRelay[]) => void }) {
  const change = (key: string, part: Partial<TypedRelay>) =>
    onChange(relays.map((one) => (one.key === key ? { ...one, ...part } : one)));
  return (
    <Stack>
      {relays.map((relay, place) => (
        <Fieldset key={relay.key} legend={`Relay ${place + 1}`}>
          <RelayFields relay={relay} onChange={(part) => change(relay.key, part)} />
          {relays.length > 1 && (
            <Button
              variant="default"
              size="xs"
              mt="sm"
              onClick={() => onChange(relays.filter(({ key }) => key !== relay.key))}
            >
              {`Take out relay ${place + 1}`}
            </Button>
          )}
        </Fieldset>
      ))}
      {relays.length < 20 && (
        <Button variant="default" onClick={() => onChange([...relays, freshRelay()])}>
          Another relay
        </Button>
      )}
    </Stack>
  );
}

function RelayFields({ relay, onChange }: { relay: TypedRelay; onChange: (part: Partial<TypedRelay>) => void }) {
  const text = (name: 'host' | 'port' | 'priority' | 'weight' | 'user') => ({
    value: relay[name],
    autoComplete: 'off',
    onChange: (event: { currentTarget: { value: string } }) => onChange({ [name]: event.currentTarget.value }),
  });
  return (
    <Stack gap="sm">
      <Group grow align="flex-start">
        <TextInput label="Name" placeholder="relay.example" maxLength={253} spellCheck={false} {...text('host')} />
        <TextInput label="Port" inputMode="numeric" maxLength={5} {...text('port')} />
      </Group>
      <NativeSelect
        label="Encryption"
        value={relay.tls}
        data={[
          { value: 'starttls', label: 'Begins after a greeting (STARTTLS, usually port 587)' },
          { value: 'implicit', label: 'From the first byte (usually port 465)' },
        ]}
        onChange={(event) => onChange({ tls: event.currentTarget.value === 'implicit' ? 'implicit' : 'starttls' })}
      />
      <Group grow align="flex-start">
        <TextInput
          label="Order"
          description="Lower is asked first."
          inputMode="numeric"
          maxLength={4}
          {...text('priority')}
        />
        <TextInput
          label="Share"
          description="Among those of one order."
          inputMode="numeric"
          maxLength={4}
          {...text('weight')}
        />
      </Group>
      <Group grow align="flex-start">
        <TextInput label="User" maxLength={500} spellCheck={false} {...text('user')} />
        <PasswordInput
          label="Password"
          value={relay.password}
          autoComplete="new-password"
          maxLength={2000}
          placeholder={relay.hasPassword ? 'Kept as it is' : ''}
          onChange={(event) => onChange({ password: event.currentTarget.value })}
        />
      </Group>
    </Stack>
  );
}
