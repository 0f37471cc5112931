import { useLostSince } from "../api/connection.ts";
import { useMay } from "../api/session.ts";

const WITHOUT = {
  submit: "The key of this session may only read.",
  admin: "The key of this session is not an administrator's.",
} as const;

/** Why this session can do nothing now that needs the scope; null where it can. For the `why` of an `ActionButton`. */
export function useWhyNot(scope: keyof typeof WITHOUT): string | null {
  const may = useMay(scope);
  const away = useWhyAway();
  return may ? away : WITHOUT[scope];
}

/** The same for what every session may do. */
export function useWhyAway(): string | null {
  return useLostSince() === null ? null : "The server does not answer.";
}
