/** One template: its words, what they look like with sample values, what it said before, and taking it away. */
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useNavigate, useParams } from 'react-router';
import { readTemplate, type TemplateBody } from '../../../../src/contract/templates.ts';
import { moment } from '../../../shared/format.ts';
import { BackLink } from '../../elements/back-link.tsx';
import { PageHead } from '../../elements/page-head.tsx';
import { Answered } from '../../elements/states.tsx';
import { queryOf } from '../../queries.ts';
import { useMay } from '../../use-may.ts';
import { useTimeZone } from '../../use-time-zone.ts';
import { DeleteTemplate } from './delete-template.tsx';
import { TemplateForm } from './template-form.tsx';
import { mayWrite, templatePath, templatesPath, typedOf } from './words.ts';

const Above = () => <BackLink to={templatesPath}>Templates</BackLink>;

function NewTemplate() {
  const navigate = useNavigate();
  return (
    <>
      <PageHead
        title="A new template"
        above={<Above />}
        about="Write {{ name }} where each recipient’s own name is to stand, and so on for whatever differs."
      />
      <TemplateForm onKept={({ id }) => void navigate(templatePath(id), { replace: true })} />
    </>
  );
}

function KeptTemplate({ template }: { readonly template: TemplateBody }) {
  const timeZone = useTimeZone();
  const may = useMay();
  const navigate = useNavigate();
  const [isAsking, setAsking] = useState(false);
  const about = `Version ${template.version}, last changed ${moment(template.updatedAt, timeZone)}. Mail that was accepted before a change goes out as it was.`;
  return (
    <>
      <PageHead
        title={template.name}
        above={<Above />}
        about={about}
        actions={
          may(mayWrite) && (
            <Button variant="default" onClick={() => setAsking(true)}>
              Delete the template
            </Button>
          )
        }
      />
      <TemplateForm kept={template} first={typedOf(template)} />
      <DeleteTemplate
        template={template}
        isOpen={isAsking}
        onClose={() => setAsking(false)}
        onDeleted={() => void navigate(templatesPath, { replace: true })}
      />
    </>
  );
}

function TemplateOf({ id }: { readonly id: string }) {
  // Words that somebody is changing are not read again behind their back.
  const answer = useQuery({
    ...queryOf(readTemplate, { params: { id } }),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });
  return (
    <Answered answer={answer} label="Loading the template">
      {(template) => <KeptTemplate template={template} />}
    </Answered>
  );
}

export function TemplatePage() {
  const { id = 'new' } = useParams();
  return id === 'new' ? <NewTemplate /> : <TemplateOf key={id} id={id} />;
}
