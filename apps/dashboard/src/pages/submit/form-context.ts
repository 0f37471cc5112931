import { createContext, useContext } from "react";
import type { Json, Path } from "./form-node.ts";

/** What all fields of a form share. */
export interface FormContext {
  body: Json;
  /** The body with every default filled in, as far as it is valid. */
  effective: Json;
  /** By pointer, what is wrong there. */
  errors: ReadonlyMap<string, string>;
  /** Objects that this leaves empty go as well, but for those along the first `kept` steps of the path. */
  change(path: Path, value: Json, kept?: number): void;
}

export const formContext = createContext<FormContext | null>(null);

export function useForm(): FormContext {
  const context = useContext(formContext);
  if (!context) throw new Error("This field stands in no form.");
  return context;
}
