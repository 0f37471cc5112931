import { Title } from "@mantine/core";
import type { ReactNode } from "react";

interface PanelProps {
  title: string;
  /** At the right of the title. */
  aside?: ReactNode;
  /** Of what fills the panel to its edges, such as a table. */
  flush?: boolean;
  children: ReactNode;
}

/** A part of a page with a heading of its own. */
export function Panel({ title, aside, flush, children }: PanelProps) {
  return (
    <section className="panel" aria-label={title}>
      <div className="panel-head">
        <Title order={2}>{title}</Title>
        {aside}
      </div>
      <div className={flush ? undefined : "panel-body"}>{children}</div>
    </section>
  );
}
