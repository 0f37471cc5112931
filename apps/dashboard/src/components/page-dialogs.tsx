import { createContext, type ReactNode, useContext, useState } from "react";

const showContext = createContext<(dialog: ReactNode) => void>(() => {});

/** A dialog belongs to the page, not to the row that opened it: lists are read again all the time, and rows leave them. */
export function PageDialogs({ children }: { children: ReactNode }) {
  const [dialog, setDialog] = useState<ReactNode>(null);
  return (
    <showContext.Provider value={setDialog}>
      {children}
      {dialog}
    </showContext.Provider>
  );
}

/** Shows a dialog until it is given null, or the page is left. */
export function useShowDialog(): (dialog: ReactNode) => void {
  return useContext(showContext);
}
