/** The question before a template is taken away with all its versions. */
import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { deleteTemplate, listTemplates, type TemplateBody } from '../../../../src/contract/templates.ts';
import { call } from '../../../shared/client.ts';
import { Failure } from '../../elements/states.tsx';
import { queries } from '../../queries.ts';

interface DeleteTemplateProps {
  readonly template: TemplateBody;
  readonly isOpen: boolean;
  readonly onClose: () => void;
  readonly onDeleted: () => void;
}

export function DeleteTemplate({ template, isOpen, onClose, onDeleted }: DeleteTemplateProps) {
  const remove = useMutation({
    mutationFn: () => call(deleteTemplate, { params: { id: template.id } }),
    onSuccess: async () => {
      onDeleted();
      await queries.invalidateQueries({ queryKey: [listTemplates.name] });
    },
  });
  return (
    <Modal opened={isOpen} onClose={onClose} title="Delete the template?" closeButtonProps={{ 'aria-label': 'Close' }}>
      <Stack>
        <Text style={{ overflowWrap: 'anywhere' }}>
          <strong>{template.name}</strong> and all its versions are gone for good. Mail that was accepted with it, also
          planned mail, still goes out. Programs that name it are refused from now on.
        </Text>
        {remove.error !== null && <Failure failure={remove.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose} data-autofocus>
            Keep it
          </Button>
          <Button color="wax" loading={remove.isPending} onClick={() => remove.mutate()}>
            Delete it for good
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
