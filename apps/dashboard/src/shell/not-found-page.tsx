import { Box } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { Page } from "../components/page.tsx";

export function NotFoundPage() {
  return (
    <Box component="main" p="md">
      <Page title="Not found">
        There is no such page. <Link to="/">Go to the overview</Link>
      </Page>
    </Box>
  );
}
