/** The signed certificate of an erasure: what it says in words, word for word, and as a file to keep. */
import { Button, Stack, Text } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useEffect, useMemo, useRef } from 'react';
import type { z } from 'zod';
import type { erasureCertificate } from '../../../src/contract/messages.ts';
import { moment, plural } from '../../shared/format.ts';
import { CodeSample } from '../elements/code-sample.tsx';
import { useTimeZone } from '../use-time-zone.ts';

type ErasureCertificate = z.infer<typeof erasureCertificate>;

const fileOf = (certificate: ErasureCertificate): string => JSON.stringify(certificate, null, 2);

function DownloadButton({ certificate }: { certificate: ErasureCertificate }) {
  const address = useMemo(
    () => URL.createObjectURL(new Blob([`${fileOf(certificate)}\n`], { type: 'application/json' })),
    [certificate],
  );
  useEffect(() => () => URL.revokeObjectURL(address), [address]);
  // Takes the place of the button that was pressed to get here.
  const link = useRef<HTMLAnchorElement>(null);
  useEffect(() => link.current?.focus(), []);
  return (
    <Button
      ref={link}
      component="a"
      href={address}
      download={`erasure-${certificate.message}.json`}
      leftSection={<IconDownload size={16} aria-hidden />}
    >
      Download the certificate
    </Button>
  );
}

export function Certificate({ certificate }: { certificate: ErasureCertificate }) {
  const timeZone = useTimeZone();
  const { recipients, eventDetails, queued } = certificate.erased;
  return (
    <Stack gap="sm" align="stretch">
      <Text size="sm">
        Erased on {moment(certificate.erasedAt, timeZone)}: the message’s key and content, the addresses of{' '}
        {plural(recipients, 'recipient')}, the details of {plural(eventDetails, 'event')}
        {queued > 0 && `, and ${plural(queued, 'copy', 'copies')} that waited to be sent`}.
      </Text>
      <CodeSample label="Certificate of erasure" code={fileOf(certificate)} />
      <div>
        <DownloadButton certificate={certificate} />
      </div>
    </Stack>
  );
}
