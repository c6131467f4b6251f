import { ActionIcon, Badge, Group, Menu, Text, Tree, type RenderTreeNodePayload, useTree } from '@mantine/core';
import {
  IconChevronRight,
  IconDots,
  IconFile,
  IconFileDigit,
  IconFilePlus,
  IconFolder,
  IconLock,
} from '@tabler/icons-react';
import type { FileDto, WorkspaceDto } from '@palimpsest/protocol/wire';
import { useEffect, useMemo, useState } from 'react';
import { useFileCommands } from '../classroom.js';
import './files.css';
import { DeleteDialog } from './delete-dialog.js';
import { type FileNode, foldersOf, treeOf } from './file-tree.js';
import { PathDialog } from './path-dialog.js';
import { showDeleted } from './undo-notice.js';

interface Props {
  readonly workspace: WorkspaceDto;
  readonly selected: string | null;
  readonly onSelect: (file: string | null) => void;
}

type Dialog =
  | { readonly kind: 'create' }
  | { readonly kind: 'rename'; readonly file: FileDto }
  | { readonly kind: 'delete'; readonly file: FileDto };

/** The files of a workspace: choose, create, rename, delete. */
export function FilesPane({ workspace, selected, onSelect }: Props) {
  const [dialog, setDialog] = useState<Dialog | null>(null);
  const canWrite = workspace.access === 'write';
  const nodes = useMemo(() => treeOf(workspace.files), [workspace.files]);
  const paths = useMemo(() => workspace.files.map((file) => file.path), [workspace.files]);
  return (
    <nav className="files-pane" aria-label="Files" data-testid="files">
      <Group className="pane-bar" gap="xs" justify="space-between" wrap="nowrap">
        <Text size="sm" fw={600} component="h2">
          Files
        </Text>
        {canWrite ? (
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label="New file"
            onClick={() => setDialog({ kind: 'create' })}
            data-testid="new-file"
          >
            <IconFilePlus size={18} aria-hidden />
          </ActionIcon>
        ) : (
          <Badge variant="default" leftSection={<IconLock size={12} aria-hidden />} data-testid="files-read-only">
            Read-only
          </Badge>
        )}
      </Group>
      {nodes.length === 0 ? (
        <Text size="sm" c="dimmed" p="sm">
          {canWrite ? 'No files yet: make one with the button above.' : 'There are no files here yet.'}
        </Text>
      ) : (
        <FileTree nodes={nodes} workspace={workspace} selected={selected} onSelect={onSelect} onDialog={setDialog} />
      )}
      <Dialogs
        workspace={workspace}
        paths={paths}
        dialog={dialog}
        selected={selected}
        onSelect={onSelect}
        onClose={() => setDialog(null)}
      />
    </nav>
  );
}

interface TreeProps extends Props {
  readonly nodes: FileNode[];
  readonly onDialog: (dialog: Dialog) => void;
}

function FileTree({ nodes, workspace, selected, onSelect, onDialog }: TreeProps) {
  const tree = useTree({ initialExpandedState: everyFolder(workspace.files) });
  const folders = Object.keys(everyFolder(workspace.files)).join('\n');
  useEffect(() => {
    // Folders begin open, those that come later too; one that somebody has closed stays as it is.
    for (const folder of folders.split('\n')) if (!(folder in tree.expandedState)) tree.expand(folder);
    // The tree is a new object at every render.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [folders]);
  useEffect(() => {
    if (selected !== null) tree.select(selected);
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [selected]);
  return (
    <Tree
      className="file-tree"
      data={nodes as TreeData}
      tree={tree}
      levelOffset="md"
      aria-label="Files of this workspace"
      selectOnClick
      onKeyDown={(event) => {
        const value = (event.target as HTMLElement).closest<HTMLElement>('[data-value]')?.dataset['value'];
        if (event.key === 'Enter' && isFile(workspace, value)) onSelect(value);
      }}
      renderNode={(payload) => (
        <Node
          payload={payload}
          isCurrent={payload.node.value === selected}
          canWrite={workspace.access === 'write'}
          onSelect={onSelect}
          onDialog={onDialog}
        />
      )}
    />
  );
}

type TreeData = { value: string; label: string; children?: TreeData }[];

function isFile(workspace: WorkspaceDto, id: string | undefined): id is string {
  return workspace.files.some((file) => file.id === id);
}

function everyFolder(files: readonly FileDto[]): Record<string, boolean> {
  return Object.fromEntries(files.flatMap((file) => foldersOf(file.path)).map((folder) => [folder, true]));
}

interface NodeProps {
  readonly payload: RenderTreeNodePayload;
  readonly isCurrent: boolean;
  readonly canWrite: boolean;
  readonly onSelect: (file: string) => void;
  readonly onDialog: (dialog: Dialog) => void;
}

function Node({ payload, isCurrent, canWrite, onSelect, onDialog }: NodeProps) {
  const { node, expanded, elementProps } = payload;
  const { file, label } = node as unknown as FileNode;
  const Icon = file === null ? IconFolder : file.kind === 'binary' ? IconFileDigit : IconFile;
  return (
    <Group
      {...elementProps}
      gap={6}
      wrap="nowrap"
      className={`${elementProps.className} file-node`}
      data-current={isCurrent || undefined}
      aria-current={isCurrent ? 'page' : undefined}
      data-testid={file ? 'file' : 'folder'}
      data-path={file?.path}
      onClick={(event) => {
        elementProps.onClick(event);
        if (file) onSelect(file.id);
      }}
    >
      {!file && (
        <IconChevronRight size={14} aria-hidden className="file-chevron" data-expanded={expanded || undefined} />
      )}
      <Icon size={16} aria-hidden className="file-icon" />
      <Text size="sm" truncate flex={1}>
        {label}
      </Text>
      {file && canWrite && <FileMenu file={file} onDialog={onDialog} />}
    </Group>
  );
}

function FileMenu({ file, onDialog }: { readonly file: FileDto; readonly onDialog: (dialog: Dialog) => void }) {
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <ActionIcon
          size="sm"
          variant="subtle"
          color="gray"
          className="file-menu"
          aria-label={`Actions for ${file.path}`}
          onClick={(event) => event.stopPropagation()}
          data-testid="file-menu"
        >
          <IconDots size={16} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown onClick={(event) => event.stopPropagation()}>
        <Menu.Item onClick={() => onDialog({ kind: 'rename', file })} data-testid="rename-file">
          Rename or move
        </Menu.Item>
        <Menu.Item onClick={() => onDialog({ kind: 'delete', file })} data-testid="delete-file">
          Delete
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

interface DialogsProps extends Props {
  readonly paths: readonly string[];
  readonly dialog: Dialog | null;
  readonly onClose: () => void;
}

function Dialogs({ workspace, paths, dialog, selected, onSelect, onClose }: DialogsProps) {
  const { create, move, remove, restore } = useFileCommands(workspace.id);
  async function createFile(path: string) {
    onSelect((await create.mutateAsync({ path })).id);
  }
  async function deleteFile(file: FileDto) {
    await remove.mutateAsync(file.id);
    if (file.id === selected) onSelect(null);
    showDeleted(file.path, async () => {
      await restore.mutateAsync(file.id);
      onSelect(file.id);
    });
  }
  switch (dialog?.kind) {
    case 'create':
      return <PathDialog title="New file" action="Create" taken={paths} onSubmit={createFile} onClose={onClose} />;
    case 'rename': {
      const { id, path } = dialog.file;
      const rename = async (to: string) => void (await move.mutateAsync({ id, path: to }));
      const taken = paths.filter((other) => other !== path);
      return (
        <PathDialog
          title={`Rename ${path}`}
          action="Rename"
          path={path}
          taken={taken}
          onSubmit={rename}
          onClose={onClose}
        />
      );
    }
    case 'delete':
      return <DeleteDialog path={dialog.file.path} onDelete={() => deleteFile(dialog.file)} onClose={onClose} />;
    case undefined:
      return null;
  }
}
