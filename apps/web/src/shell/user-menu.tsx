import { Button, Menu, Text, useMantineColorScheme } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import {
  IconChevronDown,
  IconDeviceDesktop,
  IconEye,
  IconKeyboard,
  IconLogout,
  IconMoon,
  IconSun,
  IconTimeline,
  IconUserCircle,
  IconUserCog,
} from '@tabler/icons-react';
import type { UserDto } from '@palimpsest/protocol/wire';
import { useState } from 'react';
import { sentenceOf } from '../api-client.js';
import { activityPath } from '../route.js';
import { saveStatus } from '../save-status.js';
import { AccountDialog } from '../account/account-dialog.js';
import { signOut } from '../session.js';
import { KeysDialog } from './keys-dialog.js';
import { LeaveDialog } from './leave-dialog.js';
import { LooksDialog } from './looks-dialog.js';

/** Milliseconds that signing out waits for the last edits. */
const PATIENCE = 5_000;

/** Who is signed in; colours of the page, keys, sign out. */
export function UserMenu({ me }: { readonly me: UserDto }) {
  const [keys, setKeys] = useState(false);
  const [account, setAccount] = useState(false);
  const [looks, setLooks] = useState(false);
  const [leaving, setLeaving] = useState(false);

  async function leave(anyway: boolean) {
    if (!anyway && !(await saveStatus.whenSaved(PATIENCE))) return setLeaving(true);
    await signOut().catch((error: unknown) => notifications.show({ color: 'red', message: sentenceOf(error) }));
  }

  return (
    <>
      <Menu position="bottom-end" width={220}>
        <Menu.Target>
          <Button
            className="user-button"
            variant="subtle"
            color="gray"
            c="var(--mantine-color-text)"
            px="xs"
            leftSection={<IconUserCircle size={20} aria-hidden />}
            rightSection={<IconChevronDown size={14} aria-hidden />}
            data-testid="user-menu"
          >
            <span className="user-name">{me.displayName}</span>
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>
            <Text size="sm" fw={600} c="var(--mantine-color-text)" data-testid="user-name">
              {me.displayName}
            </Text>
            {me.username} · {me.role}
          </Menu.Label>
          <Menu.Divider />
          <SchemeItems />
          <Menu.Divider />
          <Menu.Item
            leftSection={<IconUserCog size={16} aria-hidden />}
            onClick={() => setAccount(true)}
            data-testid="my-account"
          >
            My account
          </Menu.Item>
          <Menu.Item
            component="a"
            href={activityPath({ person: me.id })}
            leftSection={<IconTimeline size={16} aria-hidden />}
            data-testid="my-activity"
          >
            My activity
          </Menu.Item>
          <Menu.Item
            leftSection={<IconEye size={16} aria-hidden />}
            onClick={() => setLooks(true)}
            data-testid="who-looked"
          >
            Who looked at my work
          </Menu.Item>
          <Menu.Item leftSection={<IconKeyboard size={16} aria-hidden />} onClick={() => setKeys(true)}>
            Keys
          </Menu.Item>
          <Menu.Item
            leftSection={<IconLogout size={16} aria-hidden />}
            onClick={() => void leave(false)}
            data-testid="sign-out"
          >
            Sign out
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <AccountDialog opened={account} onClose={() => setAccount(false)} />
      <LooksDialog opened={looks} onClose={() => setLooks(false)} />
      <KeysDialog opened={keys} onClose={() => setKeys(false)} />
      <LeaveDialog opened={leaving} onStay={() => setLeaving(false)} onLeave={() => void leave(true)} />
    </>
  );
}

const SCHEMES = [
  { value: 'light', label: 'Light', Icon: IconSun },
  { value: 'dark', label: 'Dark', Icon: IconMoon },
  { value: 'auto', label: 'As the system', Icon: IconDeviceDesktop },
] as const;

function SchemeItems() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return SCHEMES.map(({ value, label, Icon }) => (
    <Menu.Item
      key={value}
      leftSection={<Icon size={16} aria-hidden />}
      rightSection={value === colorScheme ? <Text size="xs">chosen</Text> : null}
      onClick={() => setColorScheme(value)}
      closeMenuOnClick={false}
      data-testid={`scheme-${value}`}
    >
      {label}
    </Menu.Item>
  ));
}
