import { Group, Title } from "@mantine/core";
import type { ReactNode } from "react";
import { PageDialogs } from "./page-dialogs.tsx";

interface PageProps {
  /** Of the browser's tab, and the heading where `heading` does not say another. */
  title: string;
  heading?: ReactNode;
  /** Beside the heading: what can be done here. */
  actions?: ReactNode;
  children?: ReactNode;
}

/** A page below the navigation: one `h1`, and the title of the tab. */
export function Page({ title, heading, actions, children }: PageProps) {
  return (
    <PageDialogs>
      <title>{`${title} – DRC`}</title>
      <Group justify="space-between" align="center" mb="sm" gap="sm">
        <Title order={1} className="page-title">
          {heading ?? title}
        </Title>
        {actions}
      </Group>
      {children}
    </PageDialogs>
  );
}
