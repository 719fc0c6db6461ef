/** The two ways into Waxwing side by side: HTTP and SMTP. */
import { Tabs, Text } from '@mantine/core';
import { CodeSample } from './code-sample.tsx';
import { curlSnippet, swaksSnippet } from './snippets.ts';

export const SnippetTabs = ({ apiKey }: { apiKey?: string }) => (
  <Tabs defaultValue="http" color="wax" keepMounted={false}>
    <Tabs.List mb="sm">
      <Tabs.Tab value="http">HTTP</Tabs.Tab>
      <Tabs.Tab value="smtp">SMTP</Tabs.Tab>
    </Tabs.List>
    <Tabs.Panel value="http">
      <CodeSample label="curl command" code={curlSnippet(apiKey)} />
    </Tabs.Panel>
    <Tabs.Panel value="smtp">
      <CodeSample label="swaks command" code={swaksSnippet(apiKey)} />
      <Text size="xs" c="dimmed" mt="xs">
        Any mail program will do: user <code>apikey</code>, the API key as password, STARTTLS. Port 2525 unless your
        administrator chose another.
      </Text>
    </Tabs.Panel>
  </Tabs>
);
