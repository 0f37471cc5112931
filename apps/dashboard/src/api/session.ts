import { includesScope, type Scope, type SessionResource } from "@drc/contracts";
import { ProblemError } from "@drc/sdk";
import { queryOptions, useQuery } from "@tanstack/react-query";
import { client } from "./client.ts";
import { forgetDrafts } from "./drafts.ts";
import { queryClient } from "./query-client.ts";

/** The session of this browser; null where nobody is signed in. */
export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: ({ signal }): Promise<SessionResource | null> =>
    client.session.get({ signal }).catch((error) => {
      if (error instanceof ProblemError && [401, 404].includes(error.status)) return null;
      throw error;
    }),
  staleTime: Number.POSITIVE_INFINITY,
});

export async function signIn(key: string): Promise<void> {
  const session = await client.session.signIn(key);
  queryClient.setQueryData(sessionQuery.queryKey, session);
}

/** Nothing of what was read stays in this page. */
export async function signOut(): Promise<void> {
  await client.session.signOut().catch((error) => {
    if (!(error instanceof ProblemError && error.status === 401)) throw error;
  });
  forgetDrafts();
  forgetSession();
}

export function forgetSession(): void {
  queryClient.clear();
  queryClient.setQueryData(sessionQuery.queryKey, null);
}

/** Whether the key of the session may do what needs `scope`. */
export function useMay(scope: Scope): boolean {
  const { data } = useQuery(sessionQuery);
  return data ? includesScope(data.scopes, scope) : false;
}
