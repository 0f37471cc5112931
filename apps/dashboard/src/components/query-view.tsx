import { Loader } from "@mantine/core";
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Problem } from "./problem.tsx";

/** What was read; while nothing is there, that it is being read or why it cannot be. What is old stays in sight. */
export function QueryView<T>({ query, children }: { query: UseQueryResult<T>; children: (data: T) => ReactNode }) {
  if (query.data !== undefined) return children(query.data);
  if (query.error) return <Problem error={query.error} />;
  return <Loader size="sm" role="status" aria-label="Loading" m="md" />;
}
