import { AppShell, Burger, Group, NavLink, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useMutation, useQuery } from "@tanstack/react-query";
import { Link, Outlet, useNavigate } from "@tanstack/react-router";
import { sessionQuery, signOut } from "../api/session.ts";
import { ActionButton } from "../components/action-button.tsx";
import { Dialog } from "../components/dialog.tsx";
import { Problem } from "../components/problem.tsx";
import { useWhyAway } from "../components/why-not.ts";
import { ColorSchemeSwitch } from "./color-scheme-switch.tsx";
import { ConnectionBanner } from "./connection-banner.tsx";
import { NAVIGATION } from "./navigation.ts";

/** What is around every page: name, navigation, who is signed in, and whether the server answers. */
export function Shell() {
  const [opened, { toggle, close }] = useDisclosure(false);
  return (
    <AppShell
      header={{ height: 44 }}
      navbar={{ width: 180, breakpoint: "sm", collapsed: { mobile: !opened } }}
      padding={{ base: "xs", sm: "md" }}
    >
      <AppShell.Header bg="var(--surface)">
        <a className="skip-link" href="#content">
          Skip to the content
        </a>
        <Group h="100%" px="sm" justify="space-between" wrap="nowrap">
          <Group gap="xs" wrap="nowrap" miw={0}>
            <Burger
              opened={opened}
              onClick={toggle}
              hiddenFrom="sm"
              size="sm"
              aria-label={opened ? "Close the navigation" : "Open the navigation"}
              aria-expanded={opened}
            />
            <Text fw={600} truncate visibleFrom="sm">
              Dual regression compression
            </Text>
            <Text fw={600} hiddenFrom="sm" title="Dual regression compression">
              DRC
            </Text>
          </Group>
          <Group gap="xs" wrap="nowrap">
            <ColorSchemeSwitch />
            <SignOut />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar
        className="navbar"
        data-opened={opened}
        bg="var(--surface)"
        p="xs"
        component="nav"
        aria-label="Main"
      >
        {NAVIGATION.map(({ to, label }) => (
          <NavLink
            key={to}
            className="nav-link"
            label={label}
            onClick={close}
            renderRoot={(props) => <Link to={to} activeOptions={{ exact: to === "/" }} {...props} />}
          />
        ))}
      </AppShell.Navbar>
      <AppShell.Main id="content" tabIndex={-1}>
        <ConnectionBanner />
        <Outlet />
      </AppShell.Main>
    </AppShell>
  );
}

function SignOut() {
  const navigate = useNavigate();
  const { data: session } = useQuery(sessionQuery);
  const away = useWhyAway();
  const leaving = useMutation({
    mutationFn: signOut,
    onSuccess: () => navigate({ to: "/sign-in", search: {} }),
  });
  return (
    <Group gap="xs" wrap="nowrap">
      <Text size="sm" c="dimmed" visibleFrom="sm" title="The key of this session, and what it may do">
        {session && `${session.name} · ${session.scopes.join(", ")}`}
      </Text>
      <ActionButton
        variant="default"
        size="compact-sm"
        why={away}
        loading={leaving.isPending}
        onClick={() => leaving.mutate()}
      >
        Sign out
      </ActionButton>
      {leaving.error && (
        <Dialog title="You are still signed in" onClose={leaving.reset}>
          <Problem error={leaving.error} />
        </Dialog>
      )}
    </Group>
  );
}
