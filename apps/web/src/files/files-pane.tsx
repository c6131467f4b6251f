import { ActionIcon, Badge, Group, Menu, Text, Tree, type RenderTreeNodePayload, useTree } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import {
  IconChevronRight,
  IconDots,
  IconFile,
  IconFileDigit,
  IconFilePlus,
  IconFolder,
  IconFolderPlus,
  IconLock,
  IconUpload,
} from '@tabler/icons-react';
import type { FileDto, WorkspaceDto } from '@palimpsest/protocol/wire';
import { type DragEvent, type KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react';
import { sentenceOf } from '../api-client.js';
import { useFileCommands } from '../classroom.js';
import './files.css';
import { DeleteDialog } from './delete-dialog.js';
import { WorkspaceExports } from '../exports/workspace-exports.js';
import { chosenFiles, type DroppedFile, droppedFiles } from './dropped-files.js';
import { copyName, draggedOf, type FileNode, folderAt, foldersOf, landingOf, treeOf } from './file-tree.js';
import { PathDialog } from './path-dialog.js';
import { QuotaNote } from './quota-note.js';
import { TrashDialog } from './trash-dialog.js';
import { showDeleted } from './undo-notice.js';
import { useUpload } from './use-upload.js';
import { VersionsDialog } from './versions-dialog.js';

/** What a drag of the tree's own carries: the value of the node. */
const NODE = 'application/x-palimpsest-node';

interface Props {
  readonly workspace: WorkspaceDto;
  readonly selected: string | null;
  readonly onSelect: (file: string | null) => void;
}

type Dialog =
  | { readonly kind: 'create' | 'create-folder'; readonly folder: string }
  | { readonly kind: 'rename' | 'copy' | 'delete' | 'versions'; readonly file: FileDto }
  | { readonly kind: 'rename-folder' | 'copy-folder' | 'delete-folder'; readonly folder: string }
  | { readonly kind: 'trash' | 'export' };

/** The files of a workspace: choose, make, upload, rename, move, copy, delete, bring back. */
export function FilesPane({ workspace, selected, onSelect }: Props) {
  const [dialog, setDialog] = useState<Dialog | null>(null);
  const canWrite = workspace.access === 'write';
  const { progress, uploadAll } = useUpload(workspace.id);
  const nodes = useMemo(() => treeOf(workspace.files, workspace.folders), [workspace.files, workspace.folders]);
  const paths = useMemo(() => workspace.files.map((file) => file.path), [workspace.files]);
  const upload = async (files: readonly DroppedFile[], folder: string) => {
    const opened = await uploadAll(files, folder);
    if (opened !== null) onSelect(opened);
  };
  const moveInto = useMoveInto(workspace);
  const [isTarget, setIsTarget] = useState(false);
  const isWanted = ({ dataTransfer: { types } }: DragEvent) =>
    canWrite && (types.includes('Files') || types.includes(NODE));
  return (
    <nav
      className="files-pane"
      aria-label="Files"
      data-testid="files"
      data-drop={isTarget || undefined}
      onDragOver={(event) => {
        if (!isWanted(event)) return;
        event.preventDefault();
        setIsTarget(true);
      }}
      onDragLeave={() => setIsTarget(false)}
      onDrop={(event) => {
        setIsTarget(false);
        if (!isWanted(event)) return;
        event.preventDefault();
        const value = (event.target as HTMLElement).closest<HTMLElement>('[data-value]')?.dataset['value'];
        const folder = value === undefined ? '' : folderAt(value, workspace.files);
        const node = event.dataTransfer.getData(NODE);
        if (node !== '') void moveInto(node, folder);
        else void droppedFiles(event.dataTransfer).then((files) => upload(files, folder));
      }}
    >
      <Group className="pane-bar" gap="xs" justify="space-between" wrap="nowrap">
        <Text size="sm" fw={600} component="h2">
          Files
        </Text>
        <Group gap={2} wrap="nowrap">
          {canWrite ? (
            <NewButtons onDialog={setDialog} onUpload={(files) => void upload(files, '')} />
          ) : (
            <Badge variant="default" leftSection={<IconLock size={12} aria-hidden />} data-testid="files-read-only">
              Read-only
            </Badge>
          )}
          <WorkspaceMenu workspace={workspace} onDialog={setDialog} />
        </Group>
      </Group>
      {progress && (
        <Text size="xs" px="sm" role="status" data-testid="upload-progress">
          Uploading {progress.done + 1} of {progress.all}
        </Text>
      )}
      {nodes.length === 0 ? (
        <Text size="sm" c="dimmed" p="sm">
          {canWrite ? 'No files yet: make one with the button above.' : 'There are no files here yet.'}
        </Text>
      ) : (
        <FileTree nodes={nodes} workspace={workspace} selected={selected} onSelect={onSelect} onDialog={setDialog} />
      )}
      {canWrite && <QuotaNote workspace={workspace.id} files={workspace.files} />}
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

/** Moves a node of the tree into a folder; what is refused is told. */
function useMoveInto(workspace: WorkspaceDto) {
  const { move, moveFolder } = useFileCommands(workspace.id);
  return async (node: string, folder: string) => {
    const dragged = draggedOf(node, workspace.files);
    const to = dragged && landingOf(dragged, folder);
    if (!dragged || to === undefined || to === null) return;
    try {
      if (dragged.file) await move.mutateAsync({ id: dragged.file.id, path: to });
      else await moveFolder.mutateAsync({ path: dragged.path, to });
    } catch (error) {
      notifications.show({ color: 'red', message: sentenceOf(error) });
    }
  };
}

interface NewProps {
  readonly onDialog: (dialog: Dialog) => void;
  readonly onUpload: (files: readonly DroppedFile[]) => void;
}

function NewButtons({ onDialog, onUpload }: NewProps) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <ActionIcon
        variant="subtle"
        color="gray"
        aria-label="New file"
        onClick={() => onDialog({ kind: 'create', folder: '' })}
        data-testid="new-file"
      >
        <IconFilePlus size={18} aria-hidden />
      </ActionIcon>
      <ActionIcon
        variant="subtle"
        color="gray"
        aria-label="New folder"
        onClick={() => onDialog({ kind: 'create-folder', folder: '' })}
        data-testid="new-folder"
      >
        <IconFolderPlus size={18} aria-hidden />
      </ActionIcon>
      <ActionIcon
        variant="subtle"
        color="gray"
        aria-label="Upload files"
        onClick={() => input.current?.click()}
        data-testid="upload"
      >
        <IconUpload size={18} aria-hidden />
      </ActionIcon>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        data-testid="upload-input"
        onChange={(event) => {
          const { files } = event.currentTarget;
          if (files) onUpload(chosenFiles(files));
          event.currentTarget.value = '';
        }}
      />
    </>
  );
}

function WorkspaceMenu({
  workspace,
  onDialog,
}: {
  readonly workspace: WorkspaceDto;
  readonly onDialog: (dialog: Dialog) => void;
}) {
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label="More about the files" data-testid="files-menu">
          <IconDots size={18} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item component="a" href={`/api/workspaces/${workspace.id}/zip`} download data-testid="download-all">
          Download all (ZIP)
        </Menu.Item>
        <Menu.Item onClick={() => onDialog({ kind: 'export' })} data-testid="open-exports">
          Export…
        </Menu.Item>
        <Menu.Item onClick={() => onDialog({ kind: 'trash' })} data-testid="open-trash">
          Deleted files
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

interface TreeProps extends Props {
  readonly nodes: FileNode[];
  readonly onDialog: (dialog: Dialog) => void;
}

function FileTree({ nodes, workspace, selected, onSelect, onDialog }: TreeProps) {
  const tree = useTree({ initialExpandedState: everyFolder(workspace) });
  const folders = Object.keys(everyFolder(workspace)).join('\n');
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
          workspace={workspace}
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

function everyFolder({ files, folders }: Pick<WorkspaceDto, 'files' | 'folders'>): Record<string, boolean> {
  const paths = [...files.map(({ path }) => path), ...folders.map((path) => `${path}/`)];
  return Object.fromEntries(paths.flatMap(foldersOf).map((folder) => [folder, true]));
}

interface NodeProps {
  readonly payload: RenderTreeNodePayload;
  readonly isCurrent: boolean;
  readonly workspace: WorkspaceDto;
  readonly onSelect: (file: string) => void;
  readonly onDialog: (dialog: Dialog) => void;
}

function Node({ payload, isCurrent, workspace, onSelect, onDialog }: NodeProps) {
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
      data-path={file?.path ?? node.value.slice(0, -1)}
      draggable={workspace.access === 'write'}
      onDragStart={(event) => {
        event.dataTransfer.setData(NODE, node.value);
        event.dataTransfer.effectAllowed = 'move';
      }}
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
      <NodeMenu path={file?.path ?? node.value.slice(0, -1)} file={file} workspace={workspace} onDialog={onDialog} />
    </Group>
  );
}

interface MenuProps {
  readonly path: string;
  readonly file: FileDto | null;
  readonly workspace: WorkspaceDto;
  readonly onDialog: (dialog: Dialog) => void;
}

function NodeMenu({ path, file, workspace, onDialog }: MenuProps) {
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <ActionIcon
          size="sm"
          variant="subtle"
          color="gray"
          className="file-menu"
          aria-label={`Actions for ${path}`}
          onClick={(event) => event.stopPropagation()}
          data-testid={file ? 'file-menu' : 'folder-menu'}
        >
          <IconDots size={16} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      {/* The tree would take the arrow keys for its own. */}
      <Menu.Dropdown
        onClick={(event) => event.stopPropagation()}
        onKeyDown={(event: KeyboardEvent) => event.stopPropagation()}
      >
        {file ? (
          <FileItems file={file} workspace={workspace} onDialog={onDialog} />
        ) : (
          <FolderItems folder={path} workspace={workspace} onDialog={onDialog} />
        )}
      </Menu.Dropdown>
    </Menu>
  );
}

type ItemProps = Pick<MenuProps, 'workspace' | 'onDialog'>;

function FileItems({ file, workspace, onDialog }: ItemProps & { readonly file: FileDto }) {
  const name = file.path.slice(file.path.lastIndexOf('/') + 1);
  return (
    <>
      {workspace.access === 'write' && (
        <>
          <Menu.Item onClick={() => onDialog({ kind: 'rename', file })} data-testid="rename-file">
            Rename or move
          </Menu.Item>
          <Menu.Item onClick={() => onDialog({ kind: 'copy', file })} data-testid="copy-file">
            Copy
          </Menu.Item>
        </>
      )}
      <Menu.Item component="a" href={`/api/workspaces/${workspace.id}/files/${file.id}/content`} download={name}>
        Download
      </Menu.Item>
      {file.kind === 'binary' && (
        <Menu.Item onClick={() => onDialog({ kind: 'versions', file })} data-testid="file-versions">
          Versions
        </Menu.Item>
      )}
      {workspace.access === 'write' && (
        <Menu.Item onClick={() => onDialog({ kind: 'delete', file })} data-testid="delete-file">
          Delete
        </Menu.Item>
      )}
    </>
  );
}

function FolderItems({ folder, workspace, onDialog }: ItemProps & { readonly folder: string }) {
  const zip = `/api/workspaces/${workspace.id}/zip?folder=${encodeURIComponent(folder)}`;
  if (workspace.access !== 'write')
    return (
      <Menu.Item component="a" href={zip} download>
        Download (ZIP)
      </Menu.Item>
    );
  return (
    <>
      <Menu.Item onClick={() => onDialog({ kind: 'create', folder })}>New file in it</Menu.Item>
      <Menu.Item onClick={() => onDialog({ kind: 'create-folder', folder })}>New folder in it</Menu.Item>
      <Menu.Item onClick={() => onDialog({ kind: 'rename-folder', folder })} data-testid="rename-folder">
        Rename or move
      </Menu.Item>
      <Menu.Item onClick={() => onDialog({ kind: 'copy-folder', folder })} data-testid="copy-folder">
        Copy
      </Menu.Item>
      <Menu.Item component="a" href={zip} download data-testid="download-folder">
        Download (ZIP)
      </Menu.Item>
      <Menu.Item onClick={() => onDialog({ kind: 'delete-folder', folder })} data-testid="delete-folder">
        Delete
      </Menu.Item>
    </>
  );
}

interface DialogsProps extends Props {
  readonly paths: readonly string[];
  readonly dialog: Dialog | null;
  readonly onClose: () => void;
}

function Dialogs({ workspace, paths, dialog, selected, onSelect, onClose }: DialogsProps) {
  const commands = useFileCommands(workspace.id);
  const taken = new Set([...paths, ...workspace.folders]);
  async function deleteFile(file: FileDto) {
    await commands.remove.mutateAsync(file.id);
    if (file.id === selected) onSelect(null);
    showDeleted(file.path, async () => {
      await commands.restore.mutateAsync(file.id);
      onSelect(file.id);
    });
  }
  async function deleteFolder(folder: string) {
    const { id } = await commands.removeFolder.mutateAsync(folder);
    if (workspace.files.some((file) => file.id === selected && file.path.startsWith(`${folder}/`))) onSelect(null);
    showDeleted(folder, async () => void (await commands.restoreFolder.mutateAsync(id)));
  }
  /** Asks for a path, of a file or a folder. */
  const ask = (title: string, action: string, path: string, submit: (path: string) => Promise<unknown>, own = '') => (
    <PathDialog
      title={title}
      action={action}
      path={path}
      submitUnchanged={own === ''}
      taken={paths.filter((other) => other !== own)}
      onSubmit={async (to) => void (await submit(to))}
      onClose={onClose}
    />
  );
  const within = (folder: string) => (folder === '' ? '' : `${folder}/`);
  switch (dialog?.kind) {
    case 'create':
      return ask('New file', 'Create', within(dialog.folder), async (path) =>
        onSelect((await commands.create.mutateAsync({ path })).id),
      );
    case 'create-folder':
      return ask('New folder', 'Create', within(dialog.folder), (path) => commands.createFolder.mutateAsync({ path }));
    case 'rename': {
      const { id, path } = dialog.file;
      return ask(`Rename ${path}`, 'Rename', path, (to) => commands.move.mutateAsync({ id, path: to }), path);
    }
    case 'rename-folder': {
      const path = dialog.folder;
      return ask(`Rename ${path}`, 'Rename', path, (to) => commands.moveFolder.mutateAsync({ path, to }), path);
    }
    case 'copy': {
      const { id, path } = dialog.file;
      return ask(`Copy ${path}`, 'Copy', copyName(path, taken), (to) => commands.copy.mutateAsync({ id, path: to }));
    }
    case 'copy-folder': {
      const path = dialog.folder;
      return ask(`Copy ${path}`, 'Copy', copyName(path, taken), (to) => commands.copyFolder.mutateAsync({ path, to }));
    }
    case 'delete':
      return <DeleteDialog path={dialog.file.path} onDelete={() => deleteFile(dialog.file)} onClose={onClose} />;
    case 'delete-folder':
      return <DeleteDialog path={dialog.folder} onDelete={() => deleteFolder(dialog.folder)} onClose={onClose} />;
    case 'versions':
      return <VersionsDialog workspace={workspace.id} file={dialog.file} onClose={onClose} />;
    case 'export':
      return <WorkspaceExports workspace={workspace} onClose={onClose} />;
    case 'trash':
      return <TrashDialog workspace={workspace.id} canWrite={workspace.access === 'write'} onClose={onClose} />;
    case undefined:
      return null;
  }
}
