import { Button } from "@mantine/core";
import type { ErrorComponentProps } from "@tanstack/react-router";
import { Page } from "../components/page.tsx";
import { Problem } from "../components/problem.tsx";

/** Of a page that could not be shown at all. */
export function ErrorPage({ error, reset }: ErrorComponentProps) {
  return (
    <Page title="This page could not be shown">
      <Problem error={error} />
      <Button mt="md" variant="default" onClick={reset}>
        Try again
      </Button>
    </Page>
  );
}
