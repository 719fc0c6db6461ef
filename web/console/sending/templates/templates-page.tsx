/** The letters that the organisation keeps to send again. */
import { Button, Paper } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { Link } from 'react-router';
import { listTemplates } from '../../../../src/contract/templates.ts';
import { count, moment } from '../../../shared/format.ts';
import { Cell, DataTable } from '../../elements/data-table.tsx';
import { PageHead } from '../../elements/page-head.tsx';
import { Answered, Empty } from '../../elements/states.tsx';
import { useCall } from '../../queries.ts';
import { useMay } from '../../use-may.ts';
import { useTimeZone } from '../../use-time-zone.ts';
import { mayWrite, templatePath } from './words.ts';

export function TemplatesPage() {
  const answer = useCall(listTemplates, {});
  const timeZone = useTimeZone();
  const may = useMay();
  const write = may(mayWrite) && (
    <Button component={Link} to={templatePath('new')} leftSection={<IconPlus size={16} aria-hidden />}>
      Write a template
    </Button>
  );
  return (
    <>
      <PageHead
        title="Templates"
        about="Letters that you keep to send again, each copy in its recipient’s own words."
        actions={write}
      />
      <Answered answer={answer} label="Loading the templates">
        {({ templates }) =>
          templates.length === 0 ? (
            <Empty title="No templates yet">
              A template is a letter with places for what differs, such as {'{{ name }}'}. Write it once; whoever sends
              mail names it and gives each recipient’s values.
            </Empty>
          ) : (
            <Paper px="md" py="xs">
              <DataTable
                caption="Templates"
                columns={[
                  { label: 'Name' },
                  { label: 'Last change' },
                  { label: 'Version', isNumber: true, isExtra: true },
                ]}
              >
                {templates.map(({ id, name, version, updatedAt }) => (
                  <tr key={id}>
                    <Cell>
                      <Link className="quiet-link" to={templatePath(id)} style={{ overflowWrap: 'anywhere' }}>
                        {name}
                      </Link>
                    </Cell>
                    <Cell>{moment(updatedAt, timeZone)}</Cell>
                    <Cell isNumber isExtra>
                      {count(version)}
                    </Cell>
                  </tr>
                ))}
              </DataTable>
            </Paper>
          )
        }
      </Answered>
    </>
  );
}
