import { Box, Button } from "@mantine/core";
import { type ErrorComponentProps, useRouter } from "@tanstack/react-router";
import { Page } from "../components/page.tsx";
import { Problem } from "../components/problem.tsx";

/** Of what is around every page, that could not be shown either. */
export function WholeErrorPage(props: ErrorComponentProps) {
  return (
    <Box component="main" p="md">
      <ErrorPage {...props} />
    </Box>
  );
}

/** Of a page that could not be shown at all. */
export function ErrorPage({ error, reset }: ErrorComponentProps) {
  const router = useRouter();
  // What could not be read before the page is read again as well.
  const tryAgain = () => void router.invalidate().finally(reset);
  return (
    <Page title="This page could not be shown">
      <Problem error={error} />
      <Button mt="md" variant="default" onClick={tryAgain}>
        Try again
      </Button>
    </Page>
  );
}
