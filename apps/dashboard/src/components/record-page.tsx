import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Page } from "./page.tsx";
import { QueryView } from "./query-view.tsx";

interface RecordPageProps<T> {
  /** What it is, such as Model: heading and title of the tab until the record itself is there. */
  title: string;
  query: UseQueryResult<T>;
  /** The whole page of the record, a `Page`. */
  children(data: T): ReactNode;
}

/** The page of one record; while that is read, or where it cannot be, a page that says so under a heading of its own. */
export function RecordPage<T>({ title, query, children }: RecordPageProps<T>) {
  const view = <QueryView query={query}>{children}</QueryView>;
  return query.data === undefined ? <Page title={title}>{view}</Page> : view;
}
