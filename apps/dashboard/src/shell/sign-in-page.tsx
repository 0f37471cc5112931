import { Anchor, Button, Code, PasswordInput, Stack, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useRouter, useSearch } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { signIn } from "../api/session.ts";
import { Page } from "../components/page.tsx";
import { Problem } from "../components/problem.tsx";
import { ColorSchemeSwitch } from "./color-scheme-switch.tsx";

export interface SignInSearch {
  /** The address that was wanted. */
  to?: string;
  /** The session ended while a page was open. */
  ended?: boolean;
}

/** `to` is an address of these pages, never one of another server: what is not named here stays as it was given. */
export function signInSearch({ to, ended }: Record<string, unknown>): SignInSearch {
  const own = typeof to === "string" && /^\/(?![/\\])/.test(to) && !to.startsWith("/sign-in");
  return { to: own ? to : undefined, ended: ended === true || undefined };
}

export function SignInPage() {
  const { to, ended } = useSearch({ from: "/sign-in" });
  const router = useRouter();
  const [key, setKey] = useState("");
  const entering = useMutation({
    mutationFn: () => signIn(key.trim()),
    onSuccess: () => router.history.push(to ?? "/"),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    entering.mutate();
  };
  return (
    <main className="sign-in">
      <Page title="Sign in" heading="Dual regression compression">
        <form onSubmit={submit}>
          <Stack gap="sm">
            {ended && <Text>The session has ended. Sign in to go on where you were.</Text>}
            <PasswordInput
              label="API key"
              placeholder="drc_…"
              name="key"
              autoComplete="current-password"
              autoFocus
              required
              value={key}
              onChange={(event) => setKey(event.currentTarget.value)}
            />
            {entering.error && <Problem error={entering.error} />}
            <Button type="submit" loading={entering.isPending}>
              Sign in
            </Button>
            <Text size="sm" c="dimmed">
              On the machine where <Code>npx drc up</Code> runs, <Code>npx drc keys show</Code> prints the key; where{" "}
              <Code>up</Code> was given a <Code>--data-folder</Code>, give it here too. An administrator makes more of
              them: <Code>npx drc keys create NAME</Code>.
            </Text>
            <Text size="sm" c="dimmed">
              For programs: <Anchor href="/docs">the API</Anchor>
            </Text>
            <ColorSchemeSwitch />
          </Stack>
        </form>
      </Page>
    </main>
  );
}
